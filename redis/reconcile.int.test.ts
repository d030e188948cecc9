import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createCluster } from "@redis/client";
import { parseClusterNodes } from "./cluster-nodes.ts";
import type { NodeAddress } from "./node-connection.ts";
import { reconcile } from "./reconcile.ts";
import { sizeOf } from "./slot-ranges.ts";
import { ask, RealServers } from "./testing/real-servers.ts";

const credentials = { username: "default", password: undefined };
const nodeList = (nodes: readonly NodeAddress[]) =>
  nodes.map(({ host, port }) => `${host}:${port}`).join(",");

/** Starts the program and kills it some time after it has begun. */
async function runAndKill(nodes: NodeAddress[], leaving: NodeAddress[], shards: number): Promise<void> {
  const env = {
    ...process.env,
    REDIS_NODES: nodeList(nodes),
    REDIS_LEAVING_NODES: nodeList(leaving),
    REDIS_SHARDS: String(shards),
    REDIS_REPLICAS_PER_SHARD: "1",
  };
  const program = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), "form"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(program, "exit");
  await Promise.race([once(program.stdout, "data"), ended]);
  await sleep(Math.random() * 400);
  program.kill("SIGKILL");
  await ended;
}

/** Clients that write until they are stopped, each key again and again. */
function writers(nodes: readonly NodeAddress[]) {
  const cluster = createCluster({
    rootNodes: nodes.map(({ host, port }) => ({ socket: { host, port } })),
    RESP: 2,
  });
  cluster.on("error", () => undefined);
  cluster.on("node-error", () => undefined);
  const written = new Map<string, number>();
  let isEnding = false;
  const write = async (client: number) => {
    for (let count = 1; !isEnding; count++) {
      const key = `live:${client}:${count % 500}`;
      try {
        await cluster.set(key, count);
        written.set(key, count);
      } catch {
        // What was not acknowledged need not be there.
      }
      await sleep(1);
    }
  };
  return {
    cluster,
    written,
    start: () => Array.from({ length: 4 }, (_, client) => write(client)),
    end: () => {
      isEnding = true;
    },
  };
}

/** Number of slots of each primary, as a node sees it; fails when a slot is open. */
async function shares(node: NodeAddress): Promise<number[]> {
  const known = parseClusterNodes(await ask(node, "CLUSTER", "NODES"));
  assert.deepEqual(
    known.flatMap(({ open }) => open),
    [],
  );
  return known.filter(({ role }) => role === "primary").map(({ slots }) => sizeOf(slots));
}

test("reconcile grows and shrinks a cluster under writes, is killed and run again, and loses no key", async () => {
  const servers = await RealServers.start(10);
  const six = servers.nodes.slice(0, 6);
  const four = servers.nodes.slice(6);
  const shape = { credentials, replicasPerShard: 1, timeoutMs: 60_000, log: () => undefined };
  const clients = writers(six);
  try {
    await reconcile({ ...shape, nodes: six, leaving: [], shards: 3 });
    await clients.cluster.connect();
    const keys = Array.from({ length: 5000 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => clients.cluster.set(key, key)));
    const large = "x".repeat(16 * 2 ** 20);
    await Promise.all(["large:1", "large:2", "large:3"].map((key) => clients.cluster.set(key, large)));
    const writing = clients.start();

    for (let run = 0; run < 2; run++) await runAndKill(servers.nodes, [], 5);
    await reconcile({ ...shape, nodes: servers.nodes, leaving: [], shards: 5 });
    for (const count of await shares(six[0] as NodeAddress)) assert.ok(Math.abs(count - 16_384 / 5) <= 1);

    for (let run = 0; run < 2; run++) await runAndKill(six, four, 3);
    await reconcile({ ...shape, nodes: six, leaving: four, shards: 3 });
    for (const node of six) assert.equal((await shares(node)).length, 3);
    for (const node of four) assert.deepEqual(await shares(node), [0]);

    clients.end();
    await Promise.all(writing);
    assert.ok(clients.written.size > 0);
    for (const key of keys) assert.equal(await clients.cluster.get(key), key);
    for (const key of ["large:1", "large:2", "large:3"])
      assert.equal((await clients.cluster.get(key))?.length, large.length);
    for (const [key, count] of clients.written)
      assert.ok(Number(await clients.cluster.get(key)) >= count, key);
  } finally {
    clients.end();
    clients.cluster.destroy();
    await servers.stop();
  }
});
