import assert from "node:assert/strict";
import { test } from "node:test";
import { parseClusterNodes } from "./cluster-nodes.ts";
import { Controller } from "./controller.ts";
import { Lease } from "./lease.ts";
import type { NodeAddress } from "./node-connection.ts";
import { sizeOf } from "./slot-ranges.ts";
import { ask, RealServers, until } from "./testing/real-servers.ts";
import { runAndKill } from "./testing/run-and-kill.ts";
import { settle } from "./testing/settle.ts";
import { StubKubernetes } from "./testing/stub-kubernetes.ts";
import { writer } from "./testing/writer.ts";

const credentials = { username: "default", password: undefined };
/** Number of slots of each primary, as a node sees it; fails when a slot is open. */
async function shares(node: NodeAddress): Promise<number[]> {
  const known = parseClusterNodes(await ask(node, "CLUSTER", "NODES"));
  assert.deepEqual(
    known.flatMap(({ open }) => open),
    [],
  );
  return known.filter(({ role }) => role === "primary").map(({ slots }) => sizeOf(slots));
}

test("a controller grows and shrinks a cluster under writes, is killed and started again, and loses no key", async () => {
  const servers = await RealServers.start(10);
  const six = servers.nodes.slice(0, 6);
  const four = servers.nodes.slice(6);
  const shape = { credentials, replicasPerShard: 1, log: () => undefined };
  const kubernetes = await StubKubernetes.start();
  const clients = writer(six);
  try {
    await settle({ ...shape, nodes: six, leaving: [], shards: 3 });
    await clients.cluster.connect();
    const keys = Array.from({ length: 5000 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => clients.cluster.set(key, key)));
    const large = "x".repeat(16 * 2 ** 20);
    await Promise.all(["large:1", "large:2", "large:3"].map((key) => clients.cluster.set(key, large)));
    const writing = clients.start();

    for (let run = 0; run < 2; run++)
      await runAndKill({ kubernetes, nodes: servers.nodes, leaving: [], shards: 5 }, Math.random() * 400);
    await settle({ ...shape, nodes: servers.nodes, leaving: [], shards: 5 });
    for (const count of await shares(six[0] as NodeAddress)) assert.ok(Math.abs(count - 16_384 / 5) <= 1);

    for (let run = 0; run < 2; run++)
      await runAndKill({ kubernetes, nodes: six, leaving: four, shards: 3 }, Math.random() * 400);
    await settle({ ...shape, nodes: six, leaving: four, shards: 3 });
    for (const node of six) assert.equal((await shares(node)).length, 3);
    for (const node of four) assert.deepEqual(await shares(node), [0]);

    clients.end();
    await writing;
    assert.ok(clients.acknowledged.size > 0);
    for (const key of keys) assert.equal(await clients.cluster.get(key), key);
    for (const key of ["large:1", "large:2", "large:3"])
      assert.equal((await clients.cluster.get(key))?.length, large.length);
    for (const [key, count] of clients.acknowledged)
      assert.ok(Number(await clients.cluster.get(key)) >= count, key);
  } finally {
    clients.end();
    clients.cluster.destroy();
    await kubernetes.stop();
    await servers.stop();
  }
});

/** A controller of servers in this process. */
function controllerOf(
  servers: RealServers,
  kubernetes: StubKubernetes,
  holder: string,
  replicasPerShard = 1,
) {
  const lines: string[] = [];
  const controller = new Controller({
    nodes: servers.nodes,
    findLeaving: async () => [],
    shards: 3,
    replicasPerShard,
    credentials,
    lease: new Lease({ kubernetes: kubernetes.client, namespace: "space", name: "controller", holder }),
    log: (line) => lines.push(line),
  });
  const ending = new AbortController();
  const running = controller.run(ending.signal);
  const end = async () => {
    ending.abort();
    await running;
  };
  return { controller, lines, end, isSettled: async () => controller.status.state === "settled" };
}

for (const replicasPerShard of [1, 0])
  test(`a controller mends a cluster with ${replicasPerShard} replicas of which nodes lost their data`, async () => {
    const servers = await RealServers.start(3 * (1 + replicasPerShard));
    const kubernetes = await StubKubernetes.start();
    const { isSettled, end } = controllerOf(servers, kubernetes, "a", replicasPerShard);
    const [first, second] = servers.nodes as [NodeAddress, NodeAddress];
    const idOf = (node: NodeAddress) => ask(node, "CLUSTER", "MYID");
    const knows = async (node: NodeAddress, id: string) => (await ask(node, "CLUSTER", "NODES")).includes(id);
    try {
      await until("a cluster", isSettled);
      const lostId = await idOf(first);
      await servers.killNode(first, false);
      await servers.startNode(first);
      await until("the others to forget the lost node", async () => {
        const known = await Promise.all(servers.nodes.map((node) => knows(node, lostId)));
        return !known.includes(true) && (await isSettled());
      });
      const [known] = [parseClusterNodes(await ask(second, "CLUSTER", "NODES"))];
      assert.equal(known.length, servers.nodes.length);
      assert.equal(known.filter(({ slots }) => slots.length > 0).length, 3);
      assert.equal(
        known.reduce((sum, { slots }) => sum + sizeOf(slots), 0),
        16_384,
      );

      await Promise.all(servers.nodes.map((node) => servers.killNode(node, false)));
      await Promise.all(servers.nodes.map((node) => servers.startNode(node)));
      await until("a new cluster", async () => {
        const info = await ask(second, "CLUSTER", "INFO");
        return info.includes("cluster_slots_ok:16384") && (await isSettled());
      });
    } finally {
      await end();
      await kubernetes.stop();
      await servers.stop();
    }
  });

test("only the controller with the lease acts, and another takes over when it ends", async () => {
  const servers = await RealServers.start(3);
  const kubernetes = await StubKubernetes.start();
  const a = controllerOf(servers, kubernetes, "a", 0);
  await until("a cluster", a.isSettled);
  const b = controllerOf(servers, kubernetes, "b", 0);
  try {
    await until("a lease that is another's", async () => /^a to end/.test(b.controller.status.reason));
    assert.equal(b.controller.status.state, "standby");
    await a.end();
    await until("another controller", b.isSettled);
    assert.equal(b.controller.status.actions, 0);
    assert.deepEqual(kubernetes.holders, ["a", "", "b"]);
  } finally {
    await b.end();
    await kubernetes.stop();
    await servers.stop();
  }
});
