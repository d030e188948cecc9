import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type RedisUser, redisUsers } from "../contract/redis-users.ts";
import { renderRedisConf } from "../redis/redis-conf.ts";
import { renderPasswordHashes, renderRedisUsers } from "../redis/redis-users.ts";
import { redisReady, redisRun } from "./programs.ts";

const port = 24_379;
const passwords = Object.fromEntries(redisUsers.map((user) => [user, `new-${user}`])) as Record<
  RedisUser,
  string
>;
const run = promisify(execFile);

let folder: string;
let data: string;
/** Data of a node that has all slots and 40 keys, and its id. */
let prepared: { folder: string; id: string };
let server: ChildProcess | undefined;
let logged: string;

before(async () => {
  await makeFolder();
  assert.ok(await start(), logged);
  await cli("cluster", "addslotsrange", "0", "16383");
  await becomeReady();
  for (let key = 0; key < 20; key++) await cli("set", `first:${key}`, "abcdefghijklmnopqrstuvwxyz");
  await cli("bgrewriteaof");
  while (!(await cli("info", "persistence")).includes("aof_rewrite_in_progress:0")) await sleep(50);
  for (let key = 0; key < 20; key++) await cli("set", `second:${key}`, "abcdefghijklmnopqrstuvwxyz");
  prepared = { folder, id: await cli("cluster", "myid") };
  await kill();
});

after(() => rm(prepared.folder, { recursive: true }));

beforeEach(async () => {
  await makeFolder();
  await cp(join(prepared.folder, "data"), data, { recursive: true });
});

afterEach(async () => {
  await kill();
  await rm(folder, { recursive: true });
});

async function makeFolder(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "run-"));
  data = join(folder, "data");
  await mkdir(data);
  await configure();
  // In the pod, the port is the default. The client of Debian 12 does not know the option -t.
  const shim = `#!/bin/sh\n[ "$1" != -h ] || { shift 4; set -- -p ${port} "$@"; }\nexec /usr/bin/redis-cli "$@"\n`;
  await writeFile(join(folder, "redis-cli"), shim, { mode: 0o755 });
}

const environment = () => ({
  ...process.env,
  PATH: `${folder}:${process.env.PATH}`,
  REDISCLI_AUTH: passwords.pod,
});

async function configure(more = ""): Promise<void> {
  const { replica: replicaPassword, pod: podPassword } = passwords;
  const options = { maxmemoryBytes: 64_000_000, replicaPassword, podPassword, dataDir: data, port };
  await writeFile(join(folder, "redis.conf"), `${renderRedisConf(options)}bind 127.0.0.1\n${more}`);
  const users = `${renderRedisUsers("redis", passwords)}user tester on >tester ~* &* +@all\n`;
  await writeFile(join(folder, "users.conf"), users);
}

async function cli(...command: string[]): Promise<string> {
  return cliAs("tester", "tester", ...command);
}

/** @throws {Error} when the server refuses the login or the command */
async function cliAs(user: string, secret: string, ...command: string[]): Promise<string> {
  const env = { ...environment(), REDISCLI_AUTH: secret };
  const { stdout, stderr } = await run("redis-cli", ["-p", String(port), "-e", "--user", user, ...command], {
    env,
  });
  if (stderr !== "") throw new Error(stderr);
  return stdout.trim();
}

/** Starts the pod's main process. @returns whether the server responds; false when it has ended */
async function start(): Promise<boolean> {
  logged = "";
  const users = join(folder, "users.conf");
  const child = spawn(
    "sh",
    ["-uc", redisRun, "redis-run", data, users, inUse(), "redis-server", join(folder, "redis.conf")],
    {
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  server = child;
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      logged += chunk;
    });
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    if ((await cli("ping").catch(() => "")) === "PONG") return true;
    await sleep(50);
  }
  assert.fail(`no response: ${logged}`);
}

async function kill(): Promise<void> {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGKILL");
  await ended;
}

/** Waits until the start-up probe succeeds. */
async function becomeReady(): Promise<void> {
  const probe = ["-uc", redisReady, "redis-ready", "start", join(data, "starting")];
  while (!(await run("sh", probe, { env: environment() }).catch(() => undefined))) await sleep(100);
}

async function fileOf(kind: "incr.aof" | "base.rdb"): Promise<string> {
  const files = await readdir(join(data, "appendonlydir"));
  return join(data, "appendonlydir", files.findLast((name) => name.endsWith(kind)) ?? assert.fail());
}

/** Replaces bytes in the middle of a file. */
async function damage(file: string, bytes: string, at: (content: Buffer) => number): Promise<void> {
  const content = await readFile(file);
  content.write(bytes, at(content), "latin1");
  await writeFile(file, content);
}

/** Folder of the passwords in use, which may be missing. */
const inUse = () => join(folder, "in-use");
const nodesConf = () => join(data, "nodes.conf");
const middle = (content: Buffer) => Math.floor(content.length / 2);
const corruptions: [string, () => Promise<void>][] = [
  [
    "zeros in the middle of the commands",
    async () => damage(await fileOf("incr.aof"), "\0".repeat(64), middle),
  ],
  [
    "another byte in the name of a command",
    async () =>
      damage(
        await fileOf("incr.aof"),
        "s\xe5t",
        (content) => content.indexOf("\nset\r", middle(content)) + 1,
      ),
  ],
  ["another byte in the base", async () => damage(await fileOf("base.rdb"), "\xff", middle)],
  ["half of the base", async () => truncate(await fileOf("base.rdb"), 300)],
  ["no file of commands", async () => rm(await fileOf("incr.aof"))],
  ["an empty manifest", async () => truncate(join(data, "appendonlydir", "appendonly.aof.manifest"))],
  ["half a nodes.conf", () => truncate(nodesConf(), 60)],
  [
    "another byte in nodes.conf",
    () => damage(nodesConf(), "mast\x01r", (content) => content.indexOf("master")),
  ],
];

for (const [what, corrupt] of corruptions)
  test(`redisRun moves the files aside at the second start, and starts a new node, with ${what}`, async () => {
    await corrupt();
    assert.ok(!(await start()), "the server starts in spite of it");
    assert.ok(!existsSync(join(data, "corrupt-nodes.conf")));
    assert.ok(await start(), logged);
    assert.match(logged, /^This node starts empty: its files are corrupt and were moved to .*\. Redis: .+$/m);
    assert.equal(await cli("dbsize"), "0");
    assert.notEqual(await cli("cluster", "myid"), prepared.id);
    for (const file of ["nodes.conf", "appendonlydir"]) assert.ok(existsSync(join(data, `corrupt-${file}`)));
  });

test("redisRun loads a file whose end is missing, at the first start", async () => {
  const file = await fileOf("incr.aof");
  await truncate(file, (await readFile(file)).length - 7);
  assert.ok(await start(), logged);
  assert.equal(await cli("dbsize"), "39");
  assert.equal(await cli("cluster", "myid"), prepared.id);
});

test("redisRun keeps all files after a wrong option or a full disk, and starts again with them", async () => {
  await configure("no-such-option yes\n");
  for (let turn = 0; turn < 2; turn++) assert.ok(!(await start()));
  await configure();
  const full = '#!/bin/sh\necho "Can\'t open or create append-only dir: No space left on device"\nexit 1\n';
  await writeFile(join(folder, "redis-server"), full, { mode: 0o755 });
  for (let turn = 0; turn < 2; turn++) assert.ok(!(await start()));
  await rm(join(folder, "redis-server"));
  assert.ok(await start(), logged);
  assert.equal(await cli("dbsize"), "40");
  assert.equal(await cli("cluster", "myid"), prepared.id);
});

test("redisRun keeps at most one set of corrupt files, until the start after the next success", async () => {
  const isAside = () => existsSync(join(data, "corrupt-appendonlydir"));
  await truncate(nodesConf(), 60);
  assert.ok(!(await start()));
  assert.ok(await start(), logged);
  assert.ok(isAside());
  await kill();
  await truncate(nodesConf(), 60);
  assert.ok(await start(), logged);
  assert.ok(isAside());
  await cli("cluster", "addslotsrange", "0", "16383");
  await becomeReady();
  await kill();
  assert.ok(await start(), logged);
  assert.ok(!isAside());
});

test("redisRun does not report that it starts empty when it cannot move the files", async () => {
  await truncate(nodesConf(), 60);
  await writeFile(join(folder, "mv"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  for (let turn = 0; turn < 2; turn++) assert.ok(!(await start()));
  assert.doesNotMatch(logged, /starts empty/);
});

test("redisRun leaves a nodes.conf of another cluster to the controller", async () => {
  const foreign = (await readFile(nodesConf(), "utf8")).replace(/^[0-9a-f]{40}/, "a".repeat(40));
  await writeFile(nodesConf(), foreign);
  for (let turn = 0; turn < 2; turn++) {
    assert.ok(await start(), logged);
    assert.equal(await cli("cluster", "myid"), "a".repeat(40));
    assert.equal(await cli("dbsize"), "40");
    await kill();
  }
});

test("redisRun gives the server its users, with the passwords in use beside the new ones", async () => {
  const old = Object.fromEntries(redisUsers.map((user) => [user, `old-${user}`])) as Record<
    RedisUser,
    string
  >;
  await mkdir(inUse());
  await writeFile(join(inUse(), "redis-hashes"), renderPasswordHashes(old));
  assert.ok(await start(), logged);
  for (const user of redisUsers.filter((name) => name !== "replica"))
    for (const { [user]: secret } of [old, passwords])
      assert.equal(await cliAs(user, secret, "ping"), "PONG");
  await assert.rejects(cliAs("pod", "other", "ping"), /WRONGPASS/);
  await assert.rejects(cliAs("default", passwords.pod, "ping"), /WRONGPASS/);
  await assert.rejects(cliAs("pod", passwords.pod, "flushall"), /NOPERM/);
  await kill();
  await rm(inUse(), { recursive: true });
  assert.ok(await start(), logged);
  await assert.rejects(cliAs("pod", old.pod, "ping"), /WRONGPASS/);
  assert.equal(await cliAs("pod", passwords.pod, "ping"), "PONG");
});

test("redisRun lets the user `default` in while a password of it is in use, as in an update from an earlier version", async () => {
  await mkdir(inUse());
  await writeFile(join(inUse(), "redis"), "old");
  assert.ok(await start(), logged);
  assert.equal(await cliAs("default", "old", "dbsize"), "40");
  await assert.rejects(cliAs("default", passwords.pod, "ping"), /WRONGPASS/);
});
