import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { observe } from "./observe.ts";
import { perform } from "./perform.ts";
import { planTopology } from "./plan.ts";
import { SimulatedCluster } from "./testing/simulated-cluster.ts";
import { connect } from "./testing/simulated-commands.ts";
import { simSlots } from "./testing/simulated-node.ts";
import { assertSettled, converge } from "./testing/simulated-run.ts";

const parts = { planTopology, observe, perform };

/** Pairs of a primary and its replicas, as names of machines. */
function machinesOf(world: SimulatedCluster, hosts: ReadonlyMap<string, string>): string[][] {
  return world.nodes
    .filter(({ primaryId }) => primaryId === undefined)
    .map((primary) =>
      [primary, ...world.nodes.filter(({ primaryId }) => primaryId === primary.id)].map(
        ({ name }) => hosts.get(name) ?? "",
      ),
    );
}

/** A cluster of three shards whose nodes are on these machines. */
async function placed(machines: string, replicasPerShard = 1) {
  const world = new SimulatedCluster(machines.length);
  const hosts = new Map(world.nodes.map(({ name }, index) => [name, machines[index] ?? ""]));
  const wanted = { shards: 3, replicasPerShard };
  return { world, hosts, wanted, shards: () => machinesOf(world, hosts).map((each) => each.join("")) };
}

test("planTopology gives new replicas to primaries on other machines", async () => {
  const { world, hosts, wanted, shards } = await placed("abcabc");
  await converge(world, parts, { ...wanted, hosts });
  for (const [primary, replica] of shards()) assert.notEqual(primary, replica);
});

test("planTopology spreads shards that are on one machine each, and then plans nothing more", async () => {
  const { world, hosts, wanted, shards } = await placed("abcabc");
  await converge(world, parts, wanted);
  assert.deepEqual(shards(), ["aa", "bb", "cc"]);
  await converge(world, parts, { ...wanted, hosts });
  for (const [primary, replica] of shards()) assert.notEqual(primary, replica);
  assertSettled(world, wanted);
  assert.deepEqual(await converge(world, parts, { ...wanted, hosts }), []);
});

test("planTopology exchanges no replica while another one is no copy yet", async () => {
  const { world, hosts, wanted, shards } = await placed("abcabc");
  await converge(world, parts, wanted);
  const nodes = connect(world, world.nodes);
  const seen = await observe(nodes, [], simSlots);
  const plan = (observation: typeof seen) => planTopology(observation, { ...wanted, hosts, slots: simSlots });
  const planned = plan(seen);
  assert.ok(planned !== "settled" && "actions" in planned);
  const staying = seen.staying.map((view, index) => (index === 5 ? { ...view, replicates: false } : view));
  assert.deepEqual(plan({ ...seen, staying }), {
    waitFor: "nodes to report a good state (redis-5:6379)",
  });
  assert.deepEqual(shards(), ["aa", "bb", "cc"]);
});

test("planTopology moves no replica where it would not help", async () => {
  for (const machines of ["aaaaaa", "aaaaab"]) {
    const { world, hosts, wanted } = await placed(machines);
    await converge(world, parts, { ...wanted, hosts });
    assert.deepEqual(await converge(world, parts, { ...wanted, hosts }), []);
  }
});

test("planTopology settles on any machines, with no shard on one of them that an exchange could spread", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 2 }).chain((replicas) =>
        fc.tuple(
          fc.constant(replicas),
          fc.array(fc.constantFrom("a", "b", "c"), {
            minLength: 3 * (1 + replicas),
            maxLength: 3 * (1 + replicas),
          }),
        ),
      ),
      fc.boolean(),
      async ([replicas, machines], isFormedBefore) => {
        const { world, hosts, wanted, shards } = await placed(machines.join(""), replicas);
        if (isFormedBefore) await converge(world, parts, wanted);
        await converge(world, parts, { ...wanted, hosts });
        assertSettled(world, wanted);
        if (replicas === 0) return;
        const together = shards().filter((each) => new Set(each).size === 1);
        const spread = shards().filter((each) => new Set(each).size > 1);
        for (const [machine] of together)
          for (const each of spread) {
            const [primary, ...rest] = each;
            const isGiver = rest.some((replica) => replica !== machine) && primary !== machine;
            assert.ok(!isGiver, `${shards()}`);
          }
      },
    ),
    { numRuns: 100, seed: 3 },
  );
});
