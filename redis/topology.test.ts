import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { observe } from "./observe.ts";
import { perform } from "./perform.ts";
import { planTopology } from "./plan.ts";
import { assertSafe } from "./testing/safety.ts";
import { SimulatedClients } from "./testing/simulated-clients.ts";
import { SimulatedCluster } from "./testing/simulated-cluster.ts";
import { assertSettled, converge, step } from "./testing/simulated-run.ts";
import { type Incident, play, stories } from "./testing/story.ts";

const parts = { planTopology, observe, perform };
const three = { shards: 3, replicasPerShard: 1 };
const five = { shards: 5, replicasPerShard: 1 };
/** Fixed: another change does not fail by a story that nobody has seen before. Search with other seeds and more runs by hand. */
const seed = 7;
const incidents: Incident[] = ["restart", "restart all", "fail over", "lose data", "lose all"];

/** A settled cluster that refuses unsafe commands, with clients that have written. */
async function settled(wanted = three) {
  const world = new SimulatedCluster(wanted.shards * (1 + wanted.replicasPerShard));
  await converge(world, parts, wanted);
  world.beforeCommand = (node, command) => assertSafe(world, node, command);
  const clients = new SimulatedClients(world);
  for (let key = 0; key < 80; key++) clients.write(`${key}:a`);
  return { world, clients };
}

const owned = (world: SimulatedCluster) => world.nodes.map(({ ownSlots }) => ownSlots);

/** Number of slots that another node owns now. */
const movedSince = (before: number[][], world: SimulatedCluster) =>
  owned(world).flatMap((slots, index) => slots.filter((slot) => !before[index]?.includes(slot))).length;

test("six new nodes form a cluster in four steps", async () => {
  const world = new SimulatedCluster(6);
  assert.deepEqual(await converge(world, parts, three), ["number", "meet", "assign", "replicate"]);
  assertSettled(world, three);
});

test("a settled cluster plans nothing, also after a failover from which the primary has come back", async () => {
  const { world } = await settled();
  assert.deepEqual(await converge(world, parts, three), []);
  const primary = world.at(0);
  world.kill(primary);
  assert.ok(world.failOver(world.at(3)));
  world.settle();
  world.start(primary);
  world.settle();
  assert.deepEqual(await converge(world, parts, three), []);
  assert.equal(primary.primaryId, world.at(3).id);
});

test("a cluster grows with as few moves as possible, and shrinks again to the nodes that stay", async () => {
  const { world, clients } = await settled();
  world.afterCommand = () => clients.assertReadable();
  let before = owned(world);
  world.grow(10);
  const grown = await converge(world, parts, five);
  assert.deepEqual([...new Set(grown)], ["number", "meet", "replicate", "move"]);
  assertSettled(world, five);
  assert.equal(movedSince(before, world), 16);
  clients.assertServed();
  before = owned(world);
  assert.deepEqual(await converge(world, parts, three), ["move", "move", "forget+reset"]);
  assertSettled(world, three);
  assert.equal(movedSince(before, world), 16);
  clients.assertServed();
});

test("servers that move slots in one step have no open slot, and a move goes on when nobody waits for it", async () => {
  const { world, clients } = await settled();
  world.server = { name: "valkey", version: [9, 1, 2] };
  world.beforeCommand = (node, command) => {
    assertSafe(world, node, command);
    assert.ok(!["MIGRATE", "SETSLOT"].includes(`${command[0]}`) && command[1] !== "SETSLOT", `${command}`);
  };
  world.afterCommand = () => clients.assertReadable();
  world.grow(10);
  const states = () => world.nodes.flatMap(({ migrations }) => migrations.map(({ state }) => state));
  for (let result = ""; !result.endsWith("killed"); world.settle())
    result = await step(world, parts, five, { fateOf: () => (states().length > 0 ? "killed" : "good") });
  assert.deepEqual(new Set(states()), new Set(["migrating"]));
  world.settle();
  assert.deepEqual(new Set(states()), new Set(["success"]));
  await converge(world, parts, five);
  assertSettled(world, five);
  await converge(world, parts, three);
  assertSettled(world, three);
  clients.assertServed();
});

test("a shrink hands the slots of a leaving primary to a replica that stays", async () => {
  const { world, clients } = await settled();
  for (const index of [0, 1, 2]) {
    world.kill(world.at(index));
    assert.ok(world.failOver(world.at(index + 3)));
    world.settle();
    world.start(world.at(index));
    world.settle();
  }
  const rounds = await converge(world, parts, { shards: 3, replicasPerShard: 0 });
  assert.equal(rounds.filter((round) => round === "hand-over").length, 3);
  assert.ok(!rounds.includes("move"));
  clients.assertServed();
});

test("nodes with new addresses meet again, also while some do not reply", async () => {
  const { world, clients } = await settled();
  for (const node of world.nodes) world.kill(node);
  for (const node of world.nodes.slice(0, 5)) world.start(node);
  const rounds: string[] = [];
  for (let round = 0; round < 3; round++) rounds.push(await step(world, parts, three));
  assert.deepEqual(rounds.slice(0, 2), ["meet", "replicate"]);
  assert.match(rounds[2] ?? "", /^wait for 1 of 6 nodes \(redis-5:6379: does not reply\)$/);
  world.start(world.at(5));
  await converge(world, parts, three);
  assertSettled(world, three);
  clients.assertServed();
});

test("no key is missed at any time, whatever is interrupted on the way to any shape", async () => {
  const property = fc.asyncProperty(stories([]), (story) => play(story, parts, true));
  await fc.assert(property, { numRuns: 60, seed });
});

test("no key is lost and the cluster gets its form after restarts, failovers and losses at any time", async () => {
  const property = fc.asyncProperty(stories(incidents), (story) => play(story, parts, false));
  await fc.assert(property, { numRuns: 120, seed });
});

test("two executors at once lose no key and get the cluster into its form", async () => {
  const turns = fc.infiniteStream(fc.nat(5));
  const property = fc.asyncProperty(
    turns,
    turns,
    fc.integer({ min: 2, max: 5 }),
    async (first, second, shards) => {
      const { world, clients } = await settled();
      // What one plans is out of date when the other acts: the state of the whole is checked at the end.
      world.beforeCommand = () => undefined;
      const wanted = { shards, replicasPerShard: 1 };
      world.grow(10);
      const turnsOf = (stream: fc.Stream<number>) => () => stream.next().value ?? 0;
      for (let round = 0; round < 6; round++) {
        await Promise.all([
          step(world, parts, wanted, { turnsOf: turnsOf(first) }),
          step(world, parts, wanted, { turnsOf: turnsOf(second) }),
        ]);
        world.settle();
      }
      await converge(world, parts, wanted);
      assertSettled(world, wanted);
      clients.assertServed();
    },
  );
  await fc.assert(property, { numRuns: 40, seed });
});
