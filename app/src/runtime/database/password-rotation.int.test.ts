import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PostgresServer } from "../../../testing/postgres.ts";
import { Database } from "./database.ts";
import { RolePasswordUnknown, setRolePassword } from "./role-password.ts";

/** A server whose role `app` logs in by password, and a file with a password. */
async function open(t: TestContext) {
  const server = await PostgresServer.start((dir) => {
    const hba = join(dir, "pg_hba.conf");
    const trusted = readFileSync(hba, "utf8");
    writeFileSync(hba, "host all app all scram-sha-256\n");
    appendFileSync(hba, trusted);
    return [];
  });
  t.after(() => server.stop());
  await server.run("CREATE ROLE app LOGIN PASSWORD 'first'");
  const urlWith = (password: string) => server.url.replace("postgres@", `app:${password}@`);
  const folder = mkdtempSync(join(tmpdir(), "password-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const passwordFile = join(folder, "database");
  const connect = (password: string) => {
    const database = new Database({
      url: urlWith(password),
      passwordFile,
      poolSize: 3,
      applicationName: "test",
      schema: [],
    });
    t.after(() => database.close());
    return database;
  };
  const breakConnections = () =>
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
  return { server, urlWith, passwordFile, connect, breakConnections };
}

const together = (database: Database) => Promise.all([1, 2, 3, 4, 5, 6].map(() => database.ping()));

test("Database loses no query while its role gets another password, with open and with new connections", async (t) => {
  const { urlWith, passwordFile, connect, breakConnections } = await open(t);
  writeFileSync(passwordFile, "first\n");
  // The old program knows the first password only, the new one knows both.
  const [old, next] = [connect("first"), connect("second")];
  await Promise.all([together(old), together(next)]);
  assert.equal(await setRolePassword({ url: urlWith("second"), otherPassword: "first" }), true);
  await Promise.all([together(old), together(next)]);
  // Idle connections that are broken are gone from the pool one turn later.
  await breakConnections();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await together(next);
  writeFileSync(passwordFile, "second");
  await together(old);
  await together(next);
  const stranger = connect("first");
  writeFileSync(passwordFile, "");
  await assert.rejects(stranger.ping(), /not available/);
});

test("setRolePassword changes nothing when the role has the password, and refuses when no password is known", async (t) => {
  const { urlWith } = await open(t);
  const [first, second] = [urlWith("first"), urlWith("second")];
  assert.equal(await setRolePassword({ url: first, otherPassword: "other" }), false);
  await assert.rejects(setRolePassword({ url: second, otherPassword: undefined }), RolePasswordUnknown);
  await assert.rejects(setRolePassword({ url: second, otherPassword: "third" }), RolePasswordUnknown);
  assert.equal(await setRolePassword({ url: second, otherPassword: "first" }), true);
  // Killed between the change and the record of it: the other password is the old one.
  assert.equal(await setRolePassword({ url: second, otherPassword: "first" }), false);
  await assert.rejects(setRolePassword({ url: first, otherPassword: undefined }), RolePasswordUnknown);
});
