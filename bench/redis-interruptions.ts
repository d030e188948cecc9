import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ensurePackages, testPackages } from "../local/toolchain/debian-packages.ts";
import { parseClusterNodes } from "../redis/cluster-nodes.ts";
import type { NodeAddress } from "../redis/node-connection.ts";
import { sizeOf } from "../redis/slot-ranges.ts";
import { ask, RealServers } from "../redis/testing/real-servers.ts";
import { type Goal, runAndKill } from "../redis/testing/run-and-kill.ts";
import { settle } from "../redis/testing/settle.ts";
import { StubKubernetes } from "../redis/testing/stub-kubernetes.ts";
import { writer } from "../redis/testing/writer.ts";
import { readOptions } from "./options.ts";

/*
 * Interrupts changes of a Redis Cluster between 3 and 5 shards, with a replica each, at random points, under writes: the
 * controller is killed, and every third time a node is stopped and started again as well. After each change, the cluster must
 * get its form without a hand, and no key and no acknowledged write may be lost. Real servers and controllers in processes of
 * their own, on addresses of the loopback interface.
 *
 * Exit code 1 at the first loss, or when a change has not ended after a minute.
 */

const options = readOptions({
  command: "node bench/redis-interruptions.ts",
  about: "Interrupts changes of a Redis Cluster between 3 and 5 shards at random points, on real servers.",
  options: {
    interruptions: { type: "string", value: "N", default: "50", about: "number of interruptions" },
    within: {
      type: "string",
      value: "MS",
      default: "2500",
      about: "latest point, after the controller began",
    },
    server: { type: "string", value: "PATH", default: "redis-server", about: "the server's program" },
  },
});
const wanted = Number(options.interruptions);
const withinMs = Number(options.within);
const keyCount = 5000;
const perChange = 3;

await ensurePackages(testPackages.filter(({ name }) => name === options.server));
const servers = await RealServers.start(10, { network: "127.0.9", program: [options.server] });
const six = servers.nodes.slice(0, 6);
const four = servers.nodes.slice(6);
const kubernetes = await StubKubernetes.start();
const clients = writer(six);
const goals: Goal[] = [
  { kubernetes, nodes: servers.nodes, leaving: [], shards: 5 },
  { kubernetes, nodes: six, leaving: four, shards: 3 },
];
try {
  await settle({ ...settings(goals[1] as Goal), leaving: [] });
  await clients.cluster.connect();
  const keys = Array.from({ length: keyCount }, (_, index) => `key:${index}`);
  await Promise.all(keys.map((key) => clients.cluster.set(key, key)));
  const writing = clients.start();
  let interruptions = 0;
  for (let change = 0; interruptions < wanted; change++) {
    const goal = goals[change % 2] as Goal;
    const startedMs = performance.now();
    for (let each = 0; each < perChange && interruptions < wanted; each++)
      await interrupt(goal, ++interruptions);
    await settle(settings(goal));
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    await assertForm(goal);
    for (const key of keys) assert.equal(await clients.cluster.get(key), key);
    console.log(`${interruptions} interruptions: ${goal.shards} shards after ${seconds} s, ${keyCount} keys`);
  }
  clients.end();
  await writing;
  for (const [key, count] of clients.acknowledged)
    assert.ok(Number(await clients.cluster.get(key)) >= count, `${key} was acknowledged with ${count}`);
  console.log(
    `no key lost; ${clients.acknowledged.size} keys have their last acknowledged write; ${clients.failures.length} writes failed`,
  );
} finally {
  clients.end();
  clients.cluster.destroy();
  await kubernetes.stop();
  await servers.stop();
}

function settings({ nodes, leaving, shards }: Goal) {
  const credentials = { username: "default", password: undefined };
  return { credentials, nodes, leaving, shards, replicasPerShard: 1, log: () => undefined };
}

async function interrupt(goal: Goal, number: number): Promise<void> {
  const killed = runAndKill(goal, Math.random() * withinMs);
  if (number % 3 === 0) {
    await sleep(Math.random() * withinMs);
    const node = goal.nodes[Math.floor(Math.random() * goal.nodes.length)] as NodeAddress;
    await servers.stopNode(node);
    await servers.startNode(node);
  }
  await killed;
}

/** Fails unless every node that stays knows the wanted primaries with equal shares, and no slot is open. */
async function assertForm({ nodes, shards }: Goal): Promise<void> {
  for (const node of nodes) {
    const known = parseClusterNodes(await ask(node, "CLUSTER", "NODES"));
    assert.equal(known.length, nodes.length);
    assert.ok(
      known.every(({ open }) => open.length === 0),
      "open slots",
    );
    const shares = known.map(({ slots }) => sizeOf(slots)).filter((size) => size > 0);
    assert.equal(shares.length, shards);
    for (const share of shares) assert.ok(Math.abs(share - 16_384 / shards) <= 1, "even shares");
  }
}
