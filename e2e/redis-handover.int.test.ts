import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { redisHandoverSeconds } from "../config/derive.ts";
import { redisHandover } from "../k8s/programs.ts";
import { parseClusterNodes } from "../redis/cluster-nodes.ts";
import type { NodeAddress } from "../redis/node-connection.ts";
import { ask, RealServers, until } from "../redis/testing/real-servers.ts";
import { settle } from "../redis/testing/settle.ts";
import { writer, writerKeys } from "../redis/testing/writer.ts";

const run = promisify(execFile);
// Nothing here may end by the detection of a failure.
const nodeTimeoutMs = 60_000;
const shape = { credentials: { username: "default", password: undefined }, shards: 3, leaving: [] };

let folder: string;
let servers: RealServers;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "handover-"));
  // In the pod, the server listens on 127.0.0.1. The client of Debian 12 does not know the option -t.
  const shim = `#!/bin/sh
host=$2 port=$4
shift 6
[ "$host" != 127.0.0.1 ] || host=$OWN_HOST
exec /usr/bin/redis-cli -h "$host" -p "$port" "$@"
`;
  await writeFile(join(folder, "redis-cli"), shim, { mode: 0o755 });
  servers = await RealServers.start(7, { network: "127.0.9", nodeTimeoutMs });
  const nodes = servers.nodes.slice(0, 6);
  // Nodes of a small cluster with a long timeout seldom send their tables.
  await setNodeTimeout(1000);
  await settle({ ...shape, nodes, replicasPerShard: 1, log: () => undefined });
  await setNodeTimeout(nodeTimeoutMs);
});

after(async () => {
  for (const node of servers.nodes) servers.signalNode(node, "SIGCONT");
  await servers.stop();
  await rm(folder, { recursive: true });
});

async function setNodeTimeout(ms: number): Promise<void> {
  for (const node of servers.nodes) await ask(node, "CONFIG", "SET", "cluster-node-timeout", String(ms));
}

/** Runs the hook of a node. @throws {Error} when it fails or is killed by its own bound. */
async function handOver(node: NodeAddress): Promise<void> {
  const { all, attempt } = redisHandoverSeconds;
  const parameters = [node.port, all, attempt].map(String);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, OWN_HOST: node.host };
  await run("sh", ["-uc", redisHandover, "redis-handover", ...parameters], { env });
}

const roleOf = async (node: NodeAddress) => (await ask(node, "ROLE")).split(",")[0];

/** The running primaries with their replicas, by the words of the primaries. */
async function shards(): Promise<Map<NodeAddress, NodeAddress[]>> {
  const found = new Map<NodeAddress, NodeAddress[]>();
  for (const node of servers.nodes) {
    const info = await ask(node, "INFO", "replication").catch(() => "");
    const replicas = [...info.matchAll(/^slave\d+:ip=([\d.]+),.*state=online/gm)].map(([, host]) => host);
    if (info.includes("role:master") && (await ask(node, "CLUSTER", "NODES")).match(/myself.*connected \d/))
      found.set(
        node,
        servers.nodes.filter(({ host }) => replicas.includes(host)),
      );
  }
  return found;
}

async function shardOf(node: NodeAddress) {
  const replicas = (await shards()).get(node) ?? assert.fail(`${node.host} is no primary`);
  return { node, replicas };
}

async function anyShard() {
  const [node] = (await shards()).keys();
  return shardOf(node ?? assert.fail("no primary"));
}

test("redisHandover makes a primary a replica before it stops, and no acknowledged write is lost", async (t) => {
  const clients = writer(servers.nodes.slice(0, 6));
  t.after(() => clients.cluster.destroy());
  await clients.cluster.connect();
  const writing = clients.start();
  t.after(clients.end);
  await until("writes", async () => clients.acknowledged.size === writerKeys);
  const { node, replicas } = await anyShard();
  await handOver(node);
  assert.equal(await roleOf(node), "slave");
  assert.equal(await roleOf(replicas[0] ?? assert.fail()), "master");
  await servers.stopNode(node);
  const written = new Map(clients.acknowledged);
  await until("a new write of every key", async () =>
    [...clients.acknowledged].every(([key, count]) => count > (written.get(key) ?? 0)),
  );
  clients.end();
  await writing;
  assert.deepEqual(clients.failures, []);
  for (const [key, count] of clients.acknowledged)
    assert.equal(Number(await clients.cluster.get(key)), count);
  await servers.startNode(node);
  await until("the node to be a replica in sync", async () =>
    (await ask(node, "INFO", "replication")).includes("master_link_status:up"),
  );
});

test("redisHandover changes nothing when the node is a replica", async () => {
  const { node, replicas } = await anyShard();
  await handOver(replicas[0] ?? assert.fail());
  assert.equal(await roleOf(node), "master");
});

test("redisHandover ends without an attempt when the only replica is not in sync", async () => {
  const { node, replicas } = await anyShard();
  const replica = replicas[0] ?? assert.fail();
  servers.signalNode(replica, "SIGSTOP");
  await until("the replica to lag", async () =>
    /lag=([3-9]|\d\d)/.test(await ask(node, "INFO", "replication")),
  );
  await handOver(node);
  servers.signalNode(replica, "SIGCONT");
  // An attempt that the replica had received during its pause would be carried out now.
  await until("the replica to follow", async () => /lag=[01]\r/.test(await ask(node, "INFO", "replication")));
  assert.equal(await roleOf(node), "master");
  assert.ok(!(await ask(replica, "INFO", "commandstats")).includes("cluster|failover"));
});

test("redisHandover chooses the replica that is in sync", async () => {
  const { node, replicas } = await anyShard();
  const [lagging] = replicas;
  const seventh = servers.nodes[6] ?? assert.fail();
  const id = await ask(node, "CLUSTER", "MYID");
  await ask(seventh, "CLUSTER", "MEET", node.host, String(node.port));
  await until("the seventh node to know the primary", async () =>
    parseClusterNodes(await ask(seventh, "CLUSTER", "NODES")).some((known) => known.id === id),
  );
  await ask(seventh, "CLUSTER", "REPLICATE", id);
  await until("both replicas", async () => (await shardOf(node)).replicas.length === 2);
  // The others must know the new replica: they vote for no stranger.
  await until("all to know it", async () => {
    const tables = await Promise.all(servers.nodes.map((each) => ask(each, "CLUSTER", "NODES")));
    return tables.every((table) => table.includes(`${seventh.host}:`) && !table.includes("handshake"));
  });
  servers.signalNode(lagging ?? assert.fail(), "SIGSTOP");
  await until("the first to lag", async () =>
    /lag=([3-9]|\d\d)/.test(await ask(node, "INFO", "replication")),
  );
  await handOver(node);
  assert.equal(await roleOf(node), "slave");
  assert.equal(await roleOf(seventh), "master");
  servers.signalNode(lagging ?? assert.fail(), "SIGCONT");
  await until("the first to follow", async () => (await shardOf(seventh)).replicas.length === 2);
});

test("redisHandover ends when the server does not respond", async () => {
  const { node } = await anyShard();
  servers.signalNode(node, "SIGSTOP");
  await handOver(node);
  servers.signalNode(node, "SIGCONT");
  assert.equal(await roleOf(node), "master");
});

test("redisHandover ends on all nodes when all stop at once, and no data is lost", async (t) => {
  const clients = writer(servers.nodes.slice(0, 6));
  await clients.cluster.connect();
  t.after(() => clients.cluster.destroy());
  for (let key = 0; key < 300; key++) await clients.cluster.set(`kept:${key}`, key);
  await Promise.all(
    servers.nodes.map(async (node) => {
      await handOver(node);
      await servers.stopNode(node);
    }),
  );
  await Promise.all(servers.nodes.map((node) => servers.startNode(node)));
  await until("the cluster", async () => {
    const states = await Promise.all(servers.nodes.map((node) => ask(node, "CLUSTER", "INFO")));
    return states.every((state) => state.includes("cluster_state:ok"));
  });
  for (let key = 0; key < 300; key++) assert.equal(Number(await clients.cluster.get(`kept:${key}`)), key);
});

test("redisHandover ends when there is no replica", async () => {
  const { node, replicas } = await anyShard();
  for (const replica of replicas) await servers.stopNode(replica);
  await until("the replicas to be gone", async () => (await shardOf(node)).replicas.length === 0);
  await handOver(node);
  assert.equal(await roleOf(node), "master");
});
