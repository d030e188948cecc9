import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PgBouncer } from "../../../testing/pgbouncer.ts";
import { PostgresServer, postgresUser } from "../../../testing/postgres.ts";
import { UserStore, usersSchema } from "../../domain/users/user-store.ts";
import { Database, type DatabaseOptions, DatabaseUnavailable } from "./database.ts";

const ada = { name: "Ada", email: "ada@example.org" };

function connect(t: TestContext, url: string, more: Partial<DatabaseOptions> = {}) {
  const poolers: string[] = [];
  const database = new Database({
    url,
    poolSize: 4,
    applicationName: "test",
    schema: [usersSchema],
    onPooler: (reason) => poolers.push(reason),
    ...more,
  });
  t.after(() => database.close());
  return { database, users: new UserStore(database), poolers };
}

for (const [what, settings, found] of [
  ["refuses the setting of statement_timeout", [], /unsupported startup parameter/],
  [
    "ignores the setting of statement_timeout",
    ["ignore_startup_parameters = statement_timeout"],
    /prepared statement/,
  ],
] as const) {
  test(`Database works through a PgBouncer in transaction mode that ${what}`, async (t) => {
    const server = await PostgresServer.start();
    t.after(() => server.stop());
    const pooler = await PgBouncer.start(server, ...settings);
    t.after(() => pooler.stop());
    const processes = [1, 2, 3].map(() => connect(t, pooler.url));
    await Promise.all(processes.map(({ database }) => database.createSchema()));
    for (let round = 0; round < 5; round++) {
      const work = processes.flatMap(({ users }, index) =>
        Array.from({ length: 8 }, async (_, more) => {
          const id = 1 + index * 8 + more;
          await users.save(id, ada);
          assert.equal((await users.find(id))?.user.name, "Ada");
          assert.equal((await users.findMany([id])).length, 1);
        }),
      );
      await Promise.all(work);
    }
    for (const { poolers } of processes) for (const reason of poolers) assert.match(reason, found);
    assert.ok(processes.some(({ poolers }) => poolers.length === 1));
  });
}

test("createSchema needs no CREATE when the table exists, and names the missing privilege when it does not", async (t) => {
  const server = await PostgresServer.start();
  t.after(() => server.stop());
  await server.run("CREATE ROLE app LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
  const { database, users } = connect(t, server.url.replace("postgres@", "app@"));
  await assert.rejects(
    database.createSchema(),
    (error) =>
      error instanceof DatabaseUnavailable && /permission denied for schema public/.test(String(error.cause)),
  );
  await connect(t, server.url).database.createSchema();
  await server.run("GRANT SELECT, INSERT, UPDATE ON users TO app");
  await database.createSchema();
  assert.equal((await users.save(1, ada))?.isNew, true);
  assert.equal((await users.save(1, ada))?.isNew, false);
});

test("Database checks the server's certificate against the given authority, and the host name with verify-full", async (t) => {
  const authority = createAuthority(t, "other.example.org");
  const server = await PostgresServer.start((dir) => {
    const { uid = 0, gid = 0 } = postgresUser();
    for (const name of ["server.crt", "server.key"]) {
      execFileSync("cp", [join(authority.dir, name), dir]);
      chownSync(join(dir, name), uid, gid);
      chmodSync(join(dir, name), 0o600);
    }
    return ["ssl=on"];
  });
  t.after(() => server.stop());
  const tries = async (mode: string, ca?: string) => {
    const { database } = connect(t, `${server.url}${mode}`, ca === undefined ? {} : { ca });
    const rows = await database.query({ text: "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()" });
    return rows[0]?.ssl;
  };
  assert.equal(await tries("?sslmode=require", authority.pem), true);
  assert.equal(await tries("?sslmode=verify-ca", authority.pem), true);
  assert.equal(await tries("?sslmode=disable", authority.pem), false);
  assert.equal(await tries(""), false);
  // The certificate is for another host.
  await assert.rejects(tries("?sslmode=verify-full", authority.pem), DatabaseUnavailable);
  await assert.rejects(tries("", authority.pem), DatabaseUnavailable);
  const stranger = createAuthority(t, "other.example.org");
  await assert.rejects(tries("?sslmode=require", stranger.pem), DatabaseUnavailable);
});

test("only one of several concurrent writes with the same If-Match version is carried out", async (t) => {
  const server = await PostgresServer.start();
  t.after(() => server.stop());
  const { database } = connect(t, server.url);
  await database.createSchema();
  const stores = [1, 2, 3, 4].map(() => connect(t, server.url).users);
  let version = (await stores[0]?.save(7, ada))?.version ?? "";
  for (let round = 0; round < 50; round++) {
    const names = stores.map((_, index) => `${round}.${index}`);
    const saved = await Promise.all(
      stores.map((users, index) =>
        users.save(7, { ...ada, name: names[index] ?? "" }, { versions: [version] }),
      ),
    );
    const winners = saved.flatMap((result) => result ?? []);
    assert.equal(winners.length, 1, `round ${round}`);
    const stored = await stores[0]?.find(7);
    assert.deepEqual(stored, { user: winners[0]?.user, version: winners[0]?.version });
    assert.notEqual(winners[0]?.version, version);
    version = winners[0]?.version ?? "";
  }
  const created = await Promise.all(stores.map((users) => users.save(8, ada, "missing")));
  assert.equal(created.filter((result) => result?.isNew).length, 1);
  const upserted = await Promise.all(stores.map((users) => users.save(9, ada)));
  assert.equal(upserted.filter((result) => result?.isNew).length, 1);
});

test("Database refuses queries when too many wait, and reports whether a failed one may have been carried out", async (t) => {
  const server = await PostgresServer.start();
  t.after(() => server.stop());
  const { database } = connect(t, server.url, { poolSize: 1, maxWaiting: 2 });
  const failure = (query: Promise<unknown>) =>
    query.then(
      () => undefined,
      (error: DatabaseUnavailable) => [error.name, error.message, error.isOutcomeUnknown],
    );
  await database.ping();
  const slow = failure(database.query({ text: "SELECT pg_sleep(0.3)" }));
  await new Promise(setImmediate);
  const waiting = [database.ping(), database.ping()];
  assert.deepEqual(await failure(database.ping()), [
    "DatabaseUnavailable",
    "too many requests wait for the database",
    false,
  ]);
  assert.equal(await slow, undefined);
  await Promise.all(waiting);
  const away = "the database is not available";
  // The server rolled the statement back.
  assert.deepEqual(
    await failure(database.query({ text: "SET statement_timeout = 10; SELECT pg_sleep(1)" })),
    ["DatabaseUnavailable", away, false],
  );
  const cut = failure(database.query({ text: "SET statement_timeout = 0; SELECT pg_sleep(5)" }));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await server.kill();
  assert.deepEqual(await cut, ["DatabaseUnavailable", away, true]);
  assert.deepEqual(await failure(database.ping()), ["DatabaseUnavailable", away, false]);
});

test("Database opens all connections before they are needed, and then none for queries", async (t) => {
  const server = await PostgresServer.start();
  t.after(() => server.stop());
  const { database } = connect(t, server.url);
  await database.ping();
  await database.openConnections();
  assert.deepEqual(database.connections, { total: 4, idle: 4, waiting: 0 });
  const session = () => database.query({ text: "SELECT pg_backend_pid() AS pid, pg_sleep(0.1)" });
  const sessions = await Promise.all([1, 2, 3, 4].map(session));
  const open = await server.run("SELECT pid FROM pg_stat_activity WHERE application_name = 'test'");
  assert.deepEqual(
    sessions
      .flat()
      .map(({ pid }) => pid)
      .sort(),
    open.map(({ pid }) => pid).sort(),
  );
  await server.kill();
  await database.openConnections();
});

test("Database waits for a server that is slow to start a session", async (t) => {
  const server = await PostgresServer.start();
  t.after(() => server.stop());
  const { port } = new URL(server.url);
  const slow = createServer(async (client) => {
    client.on("error", () => undefined);
    await sleep(2_500);
    const connection = createConnection(Number(port), "127.0.0.1").on("error", () => undefined);
    client.pipe(connection).pipe(client);
  }).listen(0, "127.0.0.1");
  await once(slow, "listening");
  t.after(() => slow.close());
  const { port: slowPort } = slow.address() as AddressInfo;
  const { database } = connect(t, server.url.replace(`:${port}`, `:${slowPort}`));
  assert.deepEqual(await database.query({ text: "SELECT 1 AS one" }), [{ one: 1 }]);
});

test("Database gives up sooner on a server that accepts no connection", async (t) => {
  const program = `require("net").createServer().listen(0, "127.0.0.1", 1, function () { console.log(this.address().port) })`;
  const silent = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => silent.kill("SIGKILL"));
  const [output] = await once(silent.stdout, "data");
  silent.kill("SIGSTOP");
  const port = Number(output);
  // The kernel accepts these for the stopped process, and then no more.
  const waiting = Array.from({ length: 4 }, () =>
    createConnection(port, "127.0.0.1").on("error", () => undefined),
  );
  t.after(() => {
    for (const socket of waiting) socket.destroy();
  });
  await sleep(200);
  const { database } = connect(t, `postgres://postgres@127.0.0.1:${port}/postgres`);
  await assert.rejects(
    database.ping(),
    (error) => error instanceof DatabaseUnavailable && /within 2000 ms/.test(String(error.cause)),
  );
});

/** A new authority, and a server certificate of it for a host. */
function createAuthority(t: TestContext, host: string): { dir: string; pem: string } {
  const dir = mkdtempSync(join(tmpdir(), "authority-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-days",
    "2",
    "-subj",
    "/CN=authority",
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
  );
  openssl("req", ...key, "-subj", `/CN=${host}`, "-keyout", "server.key", "-out", "server.csr");
  openssl(
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-CA",
    "ca.crt",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-out",
    "server.crt",
  );
  return { dir, pem: readFileSync(join(dir, "ca.crt"), "utf8") };
}
