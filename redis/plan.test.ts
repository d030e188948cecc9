import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownNode } from "./cluster-nodes.ts";
import type { NodeView, Observation } from "./observation.ts";
import { observe } from "./observe.ts";
import { perform } from "./perform.ts";
import { planTopology } from "./plan.ts";
import { SimulatedCluster } from "./testing/simulated-cluster.ts";
import { connect } from "./testing/simulated-commands.ts";
import { simSlots } from "./testing/simulated-node.ts";
import { converge } from "./testing/simulated-run.ts";

const wanted = { shards: 3, replicasPerShard: 1 };

/** What the nodes of a settled cluster report: three primaries, then their replicas. */
async function settled(): Promise<{ world: SimulatedCluster; seen: Observation }> {
  const world = new SimulatedCluster(6);
  await converge(world, { planTopology, observe, perform }, wanted);
  return { world, seen: await look(world) };
}

const look = (world: SimulatedCluster, staying = world.nodes.length) => {
  const nodes = connect(world, world.nodes);
  return observe(nodes.slice(0, staying), nodes.slice(staying), simSlots);
};

const plan = (seen: Observation, shape = wanted) => planTopology(seen, { ...shape, slots: simSlots });

function kinds(seen: Observation, shape = wanted): string[] {
  const result = plan(seen, shape);
  return typeof result === "object" && "actions" in result ? result.actions.map(({ kind }) => kind) : [];
}

const withView = (seen: Observation, index: number, change: Partial<NodeView>): Observation => ({
  ...seen,
  staying: seen.staying.map((view, position) => (position === index ? { ...view, ...change } : view)),
});

/** Changes a node's entry in the tables of the others. */
const withEntry = (seen: Observation, id: string, change: Partial<KnownNode>): Observation => ({
  ...seen,
  staying: seen.staying.map((view) => ({
    ...view,
    known: view.known.map((entry) => (entry.id === id && !entry.isSelf ? { ...entry, ...change } : entry)),
  })),
});

test("planTopology gives the same plan for the same state", async () => {
  const { world } = await settled();
  world.grow(10);
  const seen = await look(world);
  const shape = { shards: 5, replicasPerShard: 1 };
  assert.deepEqual(plan(seen, shape), plan(structuredClone(seen), shape));
});

test("planTopology plans nothing but introductions while a node does not reply", async () => {
  const { world } = await settled();
  world.kill(world.at(5));
  const waiting = { waitFor: "1 of 6 nodes (redis-5:6379: does not reply)" };
  assert.deepEqual(plan(await look(world)), waiting);
  world.grow(10);
  assert.ok(kinds(await look(world), { shards: 5, replicasPerShard: 1 }).every((kind) => kind === "number"));
});

test("planTopology waits until all nodes agree on owners and epochs, and all replicas are copies", async () => {
  const { world, seen } = await settled();
  const { id } = world.at(0);
  const agree = /^nodes to agree on the owners of slots/;
  const waits = (changed: Observation, message: RegExp) => {
    const result = plan(changed);
    assert.ok(typeof result === "object" && "waitFor" in result);
    assert.match(result.waitFor, message);
  };
  waits(withEntry(seen, id, { configEpoch: 9 }), agree);
  waits(withEntry(seen, id, { slots: [[0, 1]] }), agree);
  waits(withEntry(seen, id, { isLinked: false }), /^nodes to know each other/);
  waits(withView(seen, 4, { replicates: false }), /^nodes to report a good state \(redis-4:6379\)$/);
  waits(withView(seen, 1, { stateOk: false }), /^nodes to report a good state \(redis-1:6379\)$/);
});

test("planTopology repeats REPLICATE when a replica copies from its primary's old address", async () => {
  const { seen } = await settled();
  assert.deepEqual(kinds(withView(seen, 4, { replicates: false, copiesFrom: "10.9.9.9" })), ["replicate"]);
  assert.deepEqual(kinds(withView(seen, 4, { copiesFrom: "10.9.9.9" })), []);
});

test("planTopology plans a meeting at the new address while others still try the old one", async () => {
  const { world } = await settled();
  world.kill(world.at(0));
  world.start(world.at(0));
  // CLUSTER NODES calls a link connected from the first attempt on.
  const seen = withEntry(await look(world), world.at(0).id, { isLinked: true });
  assert.deepEqual(kinds(seen), Array(5).fill("meet"));
});

test("planTopology plans no meeting with a healthy node that announces another address", async () => {
  const { seen } = await settled();
  const behind = seen.staying.map((view) => ({ ...view, ip: `behind-${view.ip}` }));
  assert.equal(plan({ ...seen, staying: behind }), "settled");
});

test("planTopology forgets no node in its handshake, and no healthy stranger without slots", async () => {
  const { seen } = await settled();
  const stranger = { ...(seen.staying[0]?.known[1] ?? assert.fail()), id: "stranger", slots: [] };
  const add = (entry: KnownNode) => withView(seen, 0, { known: [...(seen.staying[0]?.known ?? []), entry] });
  assert.equal(plan(add({ ...stranger, inHandshake: true, isHealthy: false })), "settled");
  assert.equal(plan(add(stranger)), "settled");
  assert.deepEqual(kinds(add({ ...stranger, isHealthy: false })), ["forget"]);
});

test("planTopology refuses a stranger that serves slots, and one node under two names", async () => {
  const { world, seen } = await settled();
  const others = { ...seen, staying: seen.staying.slice(1) };
  const message = new RegExp(`^${world.at(0).ip}:6379 serves slots but is none of the nodes`);
  assert.throws(() => plan(others), { name: "TopologyRefused", message });
  const [view] = seen.staying;
  const twice = { ...seen, staying: [...seen.staying, { ...(view ?? assert.fail()), name: "alias" }] };
  assert.throws(() => plan(twice), {
    name: "TopologyRefused",
    message: "redis-0:6379 and alias are the same node",
  });
});

test("planTopology never joins two clusters, when a pod has the volume of another one", async () => {
  const [own, other] = [await settled(), await settled()];
  for (const index of [0, 5]) {
    const foreign = { ...(other.seen.staying[index] ?? assert.fail()), ip: "10.9.9.9" };
    const staying = own.seen.staying.with(index, foreign);
    assert.throws(() => plan({ ...own.seen, staying }), {
      name: "TopologyRefused",
      message: new RegExp(
        `^redis-${index}:6379 knows another Redis Cluster than redis-.*, and both have slots`,
      ),
    });
  }
});

test("planTopology refuses a shrink whose data does not fit, with both sizes and before anything moves", async () => {
  const world = new SimulatedCluster(10);
  const five = { shards: 5, replicasPerShard: 1 };
  await converge(world, { planTopology, observe, perform }, five);
  const seen = await look(world, 6);
  const filled = (dataMiB: number): Observation => {
    const fill = (view: NodeView) => ({
      ...view,
      dataBytes: dataMiB * 2 ** 20,
      overheadBytes: 2 ** 20,
      maxBytes: 31 * 2 ** 20,
    });
    return { ...seen, staying: seen.staying.map(fill), leaving: seen.leaving.map(fill) };
  };
  assert.ok(kinds(filled(18)).includes("move"));
  assert.throws(() => plan(filled(19)), {
    name: "TopologyRefused",
    message: /^the cache has 95 MiB of data, and 3 shards have room for 90 MiB; choose more shards/,
  });
});

test("planTopology evens out replicas, and gives a primary to a replica of a replica", async () => {
  const { world } = await settled();
  const [one, two] = [world.at(3), world.at(4)];
  one.primaryId = world.at(1).id;
  one.copiesFrom = world.at(1).ip;
  world.settle();
  assert.deepEqual(kinds(await look(world)), ["replicate"]);
  one.primaryId = two.id;
  world.settle();
  assert.deepEqual(kinds(await look(world)), ["replicate"]);
});

test("planTopology plans for 300 shards", async () => {
  const world = new SimulatedCluster(6);
  await converge(world, { planTopology, observe, perform }, wanted);
  const seen = await look(world);
  const [view] = seen.staying;
  const ranges = Array.from({ length: 300 }, (_, index): [number, number] => [
    Math.ceil((index * 16_384) / 300),
    Math.ceil(((index + 1) * 16_384) / 300) - 1,
  ]);
  const entries = Array.from(
    { length: 600 },
    (_, index): KnownNode => ({
      ...(view?.known[0] ?? assert.fail()),
      id: `n${index}`,
      ip: `ip${index}`,
      isSelf: false,
      role: index < 300 ? "primary" : "replica",
      primaryId: index < 300 ? undefined : `n${index - 300}`,
      configEpoch: index,
      slots: index < 300 ? [ranges[index] ?? assert.fail()] : [],
    }),
  );
  const staying = entries.map(
    (own, index): NodeView => ({
      ...(view ?? assert.fail()),
      name: own.id,
      ip: own.ip,
      replicates: index >= 300,
      copiesFrom: index < 300 ? undefined : `ip${index - 300}`,
      known: entries.map((entry) => (entry === own ? { ...entry, isSelf: true } : entry)),
    }),
  );
  const big = { shards: 300, replicasPerShard: 1 };
  assert.equal(planTopology({ staying, leaving: [], silent: [] }, big), "settled");
  const shrunk = {
    staying: [...staying.slice(0, 299), ...staying.slice(300, 599)],
    leaving: [staying[299] ?? assert.fail(), staying[599] ?? assert.fail()],
    silent: [],
  };
  const result = planTopology(shrunk, { shards: 299, replicasPerShard: 1 });
  assert.ok(typeof result === "object" && "actions" in result && result.left?.slots === 54);
});
