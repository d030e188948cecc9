import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { openCache, until as untilIn } from "../app/testing/open-cache.ts";
import type { RedisServer } from "../config/sections/redis.ts";
import { type RedisUser, redisUsers } from "../contract/redis-users.ts";
import { unpackImage } from "../local/images/testing/unpacked-image.ts";
import { runCheck } from "../redis/check/run-check.ts";
import type { Credentials } from "../redis/cluster-node.ts";
import type { NodeAddress } from "../redis/node-connection.ts";
import { renderRedisConf } from "../redis/redis-conf.ts";
import { renderRedisUsers } from "../redis/redis-users.ts";
import { askAs, RealServers, until } from "../redis/testing/real-servers.ts";
import { settle } from "../redis/testing/settle.ts";
import { writer, writerKeys } from "../redis/testing/writer.ts";

const run = promisify(execFile);
const passwords = Object.fromEntries(redisUsers.map((user) => [user, `password-of-${user}`])) as Record<
  RedisUser,
  string
>;
const loginOf = (username: RedisUser): Credentials => ({ username, password: passwords[username] });
/** The test's own user, which may do all. */
const tester = { username: "tester", password: "tester" };

function confOf(server: RedisServer): string {
  const conf = renderRedisConf({
    maxmemoryBytes: 64_000_000,
    replicaPassword: passwords.replica,
    podPassword: passwords.pod,
    server,
    // Each server gets a folder of its own.
    dataDir: tmpdir(),
  });
  return `${conf}${renderRedisUsers(server, passwords)}user tester on >tester ~* &* +@all\n`;
}

/** What each user is refused. A word `*` stands for a key of another user. */
const refused: [RedisUser, string][] = [
  ...(["api", "check", "pod", "replica", "admin"] as const).map((user): [RedisUser, string] => [
    user,
    "FLUSHALL",
  ]),
  ...redisUsers.flatMap((user): [RedisUser, string][] => [
    [user, "CONFIG GET *"],
    [user, "KEYS *"],
    [user, "DEBUG JMAP"],
    [user, "ACL LIST"],
    [user, "ACL GETUSER default"],
    [user, "SHUTDOWN NOSAVE"],
    [user, "MONITOR"],
    [user, "SAVE"],
    [user, "REPLICAOF NO ONE"],
    [user, "MODULE LIST"],
    [user, "FUNCTION LIST"],
    [user, "GETDEL other"],
  ]),
  ["api", "GET other"],
  ["api", "SET breakwater-check:1 x"],
  ["api", "EVAL return(redis.call('GET',KEYS[1])) 1 other"],
  ["api", "EVAL return(redis.call('FLUSHALL')) 0"],
  ["api", "PUBLISH other x"],
  ["api", "SUBSCRIBE other"],
  ["api", "PSUBSCRIBE *"],
  ["api", "CLUSTER FAILOVER"],
  ["api", "CLUSTER NODES"],
  ["api", "MIGRATE 127.0.0.1 1 bw:1 0 1"],
  ["api", "INFO"],
  ["check", "GET bw:1"],
  ["check", "PUBLISH bw:invalidations x"],
  ["check", "SCAN 0"],
  ["check", "EVAL return(1) 0"],
  ["check", "CLUSTER FORGET x"],
  ["pod", "GET bw:1"],
  ["pod", "SET bw:1 x"],
  ["pod", "CLUSTER RESET"],
  ["pod", "CLUSTER MEET 127.0.0.1 1"],
  ["pod", "CONFIG SET appendonly no"],
  ["controller", "GET bw:1"],
  ["controller", "SET bw:1 x"],
  ["controller", "CONFIG SET appendonly no"],
  ["controller", "ACL SETUSER controller +@all"],
  ["controller", "PUBLISH bw:invalidations x"],
  ["controller", "EVAL return(1) 0"],
  ["replica", "GET bw:1"],
  ["replica", "SET bw:1 x"],
  ["replica", "INFO"],
  ["replica", "CLUSTER NODES"],
  ["admin", "GET bw:1"],
  ["admin", "CLUSTER NODES"],
];

// The nodes have no host names here.
const settings = ["--cluster-preferred-endpoint-type", "ip", "--enable-debug-command", "yes"];
const images: Record<RedisServer, string> = { redis: "redis-server", valkey: "valkey-server" };
const programs: [what: string, server: RedisServer, network: string, image: boolean][] = [
  ["redis-server of Debian", "redis", "127.0.11", false],
  ["the image of Redis", "redis", "127.0.12", true],
  ["the image of Valkey", "valkey", "127.0.13", true],
];

/** Takes what ends a client, before the servers stop. */
interface Scope {
  after(end: () => unknown): void;
}

/** Command that runs the server; undefined when its image cannot be had. */
async function programOf(t: TestContext, server: RedisServer, isImage: boolean) {
  if (!isImage) return ["redis-server"] as const;
  const folder = await mkdtemp(join(tmpdir(), "users-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const command = await unpackImage(server, `usr/bin/${images[server]}`, folder).catch((error: Error) => {
    t.skip(`no image: ${error.message}`);
    return undefined;
  });
  return command as [string, ...string[]] | undefined;
}

for (const [what, server, network, isImage] of programs)
  test(`each user of ${what} may do all that its program needs, and nothing else`, async (t) => {
    const program = await programOf(t, server, isImage);
    if (program === undefined) return;
    const servers = await RealServers.start(8, { network, program, conf: confOf(server), settings });
    // Clients of a cluster that is gone would go on trying to reach it.
    const ends: (() => unknown)[] = [];
    t.after(async () => {
      for (const end of ends.reverse()) await end();
      await servers.stop();
    });
    const scope: Scope = { after: (end) => void ends.push(end) };
    const { nodes } = servers;
    // The wait for the start is in it.
    for (const node of nodes) await askAs(tester, node, "ACL", "LOG", "RESET");
    const six = nodes.slice(0, 6);
    const shape = { credentials: loginOf("controller"), replicasPerShard: 1, log: () => undefined };
    await settle({ ...shape, nodes: six, leaving: [], shards: 3 });
    await checkReplicas(six);
    await useCache(scope, six);
    await scaleUnderWrites(scope, shape, nodes);
    await checkCluster(nodes);
    await handOver(six);
    await settle({ ...shape, nodes: six, leaving: [], shards: 3 });
    // Nothing was refused until here, on any node.
    for (const node of nodes) assert.equal(await askAs(tester, node, "ACL", "LOG"), "", node.host);

    const [first] = six as [NodeAddress];
    for (const [user, command] of refused) {
      // It writes what a move of slots brings.
      if (server === "valkey" && user === "replica" && /^(GETDEL|SET) /.test(command)) continue;
      await assert.rejects(
        askAs(loginOf(user), first, ...command.split(" ")),
        /NOPERM|ACL failure|the user executing the script can't/i,
        `${user}: ${command}`,
      );
    }
    await assert.rejects(
      askAs({ username: "default", password: undefined }, first, "PING"),
      /NOAUTH|WRONGPASS/,
    );
    for (const username of ["default", "api"])
      await assert.rejects(askAs({ username, password: "wrong" }, first, "PING"), /WRONGPASS/);
    await restartAll(servers, six);
  });

/** Replicas have the data, so their user is enough. */
async function checkReplicas(nodes: readonly NodeAddress[]): Promise<void> {
  for (const node of nodes)
    await until(`${node.host} to be connected`, async () =>
      /role:master|master_link_status:up/.test(await askAs(loginOf("pod"), node, "INFO", "replication")),
    );
}

/** Two processes of the API. Everything that the cache sends is used. */
async function useCache(t: Scope, nodes: readonly NodeAddress[]): Promise<void> {
  const login = { username: "api", password: passwords.api };
  const one = await openCache(t, [...nodes], login);
  const two = await openCache(t, [...nodes], login);
  await untilIn(() => one.store.stats.feedsLive === 3 && two.store.stats.feedsLive === 3, "the feeds live");
  let value = "1";
  const load = async () => value;
  for (const { cache } of [one, two]) await cache.read("user:1", load);
  value = "2";
  await one.cache.invalidate("user:1");
  await untilIn(async () => (await two.cache.read("user:1", load)).value === "2", "the new value");
  await one.cache.set("other", "3");
  const names = Array.from({ length: 20 }, (_, index) => `many:${index}`);
  await one.cache.readMany(names, async (wanted) => new Map(wanted.map((name) => [name, "1"])));
  await two.cache.readMany(names, async () => new Map());
  await two.cache.read("none", async () => undefined);
  assert.ok((await two.cache.clear("many:*")) > 0);
  assert.deepEqual([one.cache.stats.storeErrors, two.cache.stats.storeErrors], [0, 0]);
}

/** 3 → 4 → 3 shards under writes of the API's user and of the check. */
async function scaleUnderWrites(
  t: Scope,
  shape: { credentials: Credentials; replicasPerShard: number; log: () => void },
  nodes: readonly NodeAddress[],
): Promise<void> {
  const six = nodes.slice(0, 6);
  const clients = writer(six, loginOf("api"), "bw:");
  t.after(() => clients.cluster.destroy());
  t.after(clients.end);
  await clients.cluster.connect();
  const writing = clients.start();
  await until("writes", async () => clients.acknowledged.size === writerKeys);
  const { cache } = await openCache(t, six, { username: "api", password: passwords.api });
  const ending = new AbortController();
  // Scripts are sent to a target of a move as transactions.
  const invalidating = (async () => {
    for (let turn = 0; !ending.signal.aborted; turn++) {
      await cache.read(`moved:${turn % 200}`, async () => "1");
      await cache.invalidate(`moved:${turn % 200}`);
      await sleep(2);
    }
  })();
  const checking = runCheck({
    nodes: six.map(({ host, port }) => `${host}:${port}`),
    username: "check",
    passwords: () => [passwords.check],
    durationMs: 60_000,
    rate: 100,
    keys: 60,
    ballast: { keys: 100, largeMiB: 1, fields: 600 },
    signal: ending.signal,
    print: () => {},
  });
  await settle({ ...shape, nodes, leaving: [], shards: 4 });
  await settle({ ...shape, nodes: six, leaving: nodes.slice(6), shards: 3 });
  ending.abort();
  await invalidating;
  const { lost, acknowledged, refused: errors, ballast } = await checking;
  assert.ok(acknowledged > 0);
  assert.deepEqual([lost, errors.NOPERM, ballast], [0, undefined, { keys: 102, lost: 0 }]);
  clients.end();
  await writing;
  for (const [key, count] of clients.acknowledged)
    assert.equal(Number(await clients.cluster.get(key)), count, key);
}

/** What is typed in a pod. */
async function checkCluster([node]: readonly NodeAddress[]): Promise<void> {
  const at = ["-h", node?.host ?? "", "-p", String(node?.port), "--user", "pod"];
  const env = { ...process.env, REDISCLI_AUTH: passwords.pod };
  const check = ["--cluster", "check", `${node?.host}:${node?.port}`];
  const { stdout } = await run("redis-cli", [...at, ...check], { env });
  assert.match(stdout, /All 16384 slots covered/);
  for (const command of ["ping", "role", "cluster info"])
    await run("redis-cli", ["-e", ...at, ...command.split(" ")], { env });
}

/** A primary hands over as the hook of its pod asks for it. */
async function handOver(nodes: readonly NodeAddress[]): Promise<void> {
  const replica = await Promise.any(
    nodes.map(async (node) => {
      assert.match(await askAs(loginOf("pod"), node, "ROLE"), /^slave/);
      return node;
    }),
  );
  await askAs(loginOf("pod"), replica, "CLUSTER", "FAILOVER");
  await until("the handover", async () =>
    (await askAs(loginOf("pod"), replica, "ROLE")).startsWith("master"),
  );
}

/** The append-only file is loaded although `default` is off, by primaries and replicas that all start at once. */
async function restartAll(servers: RealServers, nodes: readonly NodeAddress[]): Promise<void> {
  const keysOf = async () => {
    const sizes = nodes.map(async (node) => Number(await askAs(tester, node, "DBSIZE").catch(() => 0)));
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  };
  const before = await keysOf();
  assert.ok(before >= 2 * writerKeys, `${before} keys`);
  await Promise.all(nodes.map((node) => servers.stopNode(node)));
  await Promise.all(nodes.map((node) => servers.startNode(node)));
  await until("all keys after the restart", async () => (await keysOf()) === before);
}
