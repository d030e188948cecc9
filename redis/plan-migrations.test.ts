import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "./actions.ts";
import { type NodeView, nodesOf, type Observation } from "./observation.ts";
import { observe } from "./observe.ts";
import { perform } from "./perform.ts";
import { planTopology } from "./plan.ts";
import { spareMigrations } from "./plan-migrations.ts";
import { SimulatedCluster } from "./testing/simulated-cluster.ts";
import { connect } from "./testing/simulated-commands.ts";
import { simSlots } from "./testing/simulated-node.ts";
import { converge } from "./testing/simulated-run.ts";

const migration = { name: "a", operation: "EXPORT", state: "replicating", message: "", retries: 0 };
const wanted = { shards: 3, replicasPerShard: 1, slots: simSlots };

/** A settled cluster of three primaries and their replicas, two of which are new nodes besides, with moves on some nodes. */
async function withMoves(count: number, ...busy: number[]): Promise<Observation> {
  const world = new SimulatedCluster(6);
  await converge(world, { planTopology, observe, perform }, wanted);
  world.grow(count);
  const seen = await observe(connect(world, world.nodes), [], simSlots);
  const staying = seen.staying.map((view, index) => ({
    ...view,
    migrations: busy.includes(index) ? [migration] : [],
  }));
  return { ...seen, staying };
}

const subjects = (plan: Plan) =>
  typeof plan === "object" && "actions" in plan
    ? plan.actions.map(({ kind, node }) => `${kind} ${node.name}`)
    : [];

test("planTopology waits for a move that an earlier process has begun, also in a cluster that is settled", async () => {
  assert.equal(planTopology(await withMoves(6), wanted), "settled");
  assert.deepEqual(planTopology(await withMoves(6, 0), wanted), {
    waitFor: "moves of slots to end (redis-0:6379)",
  });
});

test("planTopology does not count what a replica reports: its primary reports it too, and a replica may keep it", async () => {
  assert.equal(planTopology(await withMoves(6, 3), wanted), "settled");
});

test("spareMigrations leaves nodes with a move and their replicas alone, except for introductions", async () => {
  const seen = await withMoves(6, 0);
  const nodes = nodesOf(seen);
  const at = (index: number): NodeView => nodes[index]?.view ?? assert.fail();
  const plan: Plan = {
    actions: [
      { kind: "meet", node: at(0), other: at(1) },
      { kind: "move", node: at(1), to: at(0), slots: [1] },
      { kind: "move", node: at(1), to: at(2), slots: [1] },
      { kind: "hand-over", node: at(3) },
      { kind: "hand-over", node: at(4) },
      { kind: "replicate", node: at(5), primary: at(0) },
      { kind: "give-back", node: at(2), owner: at(0), slots: [1] },
    ],
  };
  assert.deepEqual(subjects(spareMigrations(plan, nodes)), [
    "meet redis-0:6379",
    "move redis-1:6379",
    "hand-over redis-4:6379",
  ]);
  const waiting = { waitFor: "one owner of each slot" };
  assert.equal(spareMigrations(waiting, nodes), waiting);
});
