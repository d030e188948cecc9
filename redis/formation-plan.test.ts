import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KnownNode } from "./cluster-nodes.ts";
import { type NodeView, planFormation } from "./formation-plan.ts";
import { slotCount } from "./slot-ranges.ts";
import type { SimNode } from "./testing/simulated-nodes.ts";
import { failOver, form, freshNodes, look, loseData, restart } from "./testing/simulated-nodes.ts";

function formedNodes(count = 6, shards = 3): SimNode[] {
  const world = freshNodes(count);
  form(world, shards);
  return world;
}

function at(world: readonly SimNode[], index: number): SimNode {
  return world[index] ?? assert.fail(`no node ${index}`);
}

/** Returns the node indices of each shard, like "0+3 1+4", in the order of the primaries. */
function shardsOf(world: readonly SimNode[]): string {
  const living = world.filter((node) => node.isAlive);
  const primaries = living.filter((node) => node.primaryId === undefined);
  const members = ({ id }: SimNode) =>
    living.flatMap((node, index) => (node.id === id || node.primaryId === id ? [index] : []));
  return primaries.map((primary) => members(primary).join("+")).join(" ");
}

/** Changes the node's entry in the tables of all other nodes. */
function withEntry(views: readonly NodeView[], { id }: SimNode, change: Partial<KnownNode>): NodeView[] {
  return views.map((view) => ({
    ...view,
    known: view.known.map((entry) => (entry.id === id && !entry.isSelf ? { ...entry, ...change } : entry)),
  }));
}

function kindsOf(views: readonly NodeView[], shards = 3): string[] {
  const plan = planFormation(views, shards);
  return typeof plan === "object" && "actions" in plan ? plan.actions.map((action) => action.kind) : [];
}

const refuses = (views: readonly NodeView[], shards: number, message: RegExp) =>
  assert.throws(() => planFormation(views, shards), { name: "FormationRefused", message });

test("planFormation forms six new nodes in four rounds", () => {
  const world = freshNodes(6);
  assert.deepEqual(form(world, 3), ["number", "meet", "assign", "replicate"]);
  assert.equal(shardsOf(world), "0+3 1+4 2+5");
  assert.equal(world.map((node) => node.configEpoch).join(), "1,2,3,4,5,6");
});

test("planFormation continues after an interruption at any command", () => {
  const world = freshNodes(6);
  form(world, 3, 1);
  assert.equal(shardsOf(world), "0+3 1+4 2+5");
  assert.equal(new Set(world.map((node) => node.configEpoch)).size, 6);
});

test("planFormation plans nothing when the cluster is formed, also after a failover", () => {
  const world = formedNodes();
  assert.equal(planFormation(look(world), 3), "formed");
  failOver(world, at(world, 0), at(world, 3));
  assert.equal(planFormation(look(world), 3), "formed");
});

test("planFormation lets nodes with new addresses meet again, and keeps slots and roles", () => {
  const world = formedNodes();
  failOver(world, at(world, 0), at(world, 3));
  const before = structuredClone([world.map((node) => node.slots), shardsOf(world)]);
  restart(world);
  assert.deepEqual(form(world, 3), ["meet", "replicate"]);
  assert.deepEqual([world.map((node) => node.slots), shardsOf(world)], before);
});

test("planFormation repeats REPLICATE only when a replica copies from its primary's old address", () => {
  const world = formedNodes();
  restart(world);
  assert.deepEqual(form(world, 3), ["meet", "replicate"]);
  assert.ok(look(world).every(({ replicates }, index) => replicates === index > 2));
  const waiting = look(world).map((view) => ({ ...view, replicates: false }));
  assert.deepEqual(kindsOf(waiting), []);
});

test("planFormation plans a meeting at the new address while other nodes still try the old address", () => {
  const world = formedNodes();
  at(world, 0).ip = "new";
  // CLUSTER NODES calls a link connected from the first attempt on.
  const views = withEntry(look(world), at(world, 0), { isLinked: true });
  assert.deepEqual(kindsOf(views), Array(5).fill("meet"));
});

test("planFormation plans no meeting when a healthy node announces another address than it was reached at", () => {
  const views = look(formedNodes()).map((view) => ({ ...view, ip: `behind-${view.ip}` }));
  assert.equal(planFormation(views, 3), "formed");
});

test("planFormation assigns slots only after all nodes know each other", () => {
  const world = freshNodes(3);
  for (const node of world) for (const other of world) if (node !== other) node.knows.set(other.id, other.ip);
  for (const change of [{ isHealthy: false }, { isLinked: false }]) {
    const plan = planFormation(withEntry(look(world), at(world, 2), change), 3);
    assert.deepEqual(plan, { waitFor: "nodes to know each other (redis-0, redis-1)" });
  }
  assert.deepEqual(kindsOf(look(world)), ["assign", "assign", "assign"]);
});

test("planFormation waits for the state of all nodes and for the links of replicas", () => {
  const views = look(formedNodes());
  const waits = (index: number, change: Partial<NodeView>) => {
    const changed = views.map((view, position) => (position === index ? { ...view, ...change } : view));
    const waitFor = `nodes to report a good state (redis-${index})`;
    assert.deepEqual(planFormation(changed, 3), { waitFor });
  };
  waits(1, { stateOk: false });
  waits(4, { replicates: false });
});

test("planFormation lets a replica take over from a lost primary, which is then forgotten", () => {
  const world = formedNodes();
  const { id, slots } = loseData(world, 0);
  assert.deepEqual(form(world, 3), ["meet", "take-over", "forget", "replicate"]);
  assert.deepEqual(at(world, 3).slots, slots);
  assert.equal(shardsOf(world), "1+4 2+5 0+3");
  assert.ok(world.every((node) => !node.isAlive || !node.knows.has(id)));
});

test("planFormation forgets no node that is in its handshake", () => {
  const world = formedNodes();
  const handshake = { ...at(world, 5), id: "random", ip: "past", isAlive: false };
  at(world, 0).knows.set(handshake.id, handshake.ip);
  const views = withEntry(look([...world, handshake]), handshake, { inHandshake: true });
  assert.equal(planFormation(views, 3), "formed");
});

test("planFormation restores the slots of a shard that lost all its nodes, also after a failover", () => {
  const world = formedNodes();
  failOver(world, at(world, 0), at(world, 3));
  const { slots } = loseData(world, 1);
  loseData(world, 4);
  form(world, 3);
  assert.deepEqual(at(world, 1).slots, slots);
  assert.equal(shardsOf(world), "1+4 2+5 0+3");
});

test("planFormation refuses an unknown primary that owns slots, even if only one node reports it healthy", () => {
  const world = formedNodes();
  const [first, ...others] = look(world, world.slice(1));
  assert.ok(first);
  const views = [first, ...withEntry(others, at(world, 0), { isHealthy: false })];
  refuses(views, 3, new RegExp(`^${at(world, 0).ip}:6379 serves slots but is none of the wanted nodes`));
});

test("planFormation ignores an unknown healthy node without slots", () => {
  const world = formedNodes();
  assert.equal(planFormation(look(world, world.slice(0, 5)), 3), "formed");
});

test("planFormation refuses a shard count that would move slots, and names the present count", () => {
  const views = look(formedNodes());
  refuses(views, 2, /^the cluster has 3 shards and 2 are wanted; .* set redis\.shards back to 3$/);
  refuses(views, 4, /^the cluster has 3 shards and 4 are wanted; .* set redis\.shards back to 3$/);
});

test("planFormation refuses one node under two names", () => {
  const [view] = look(freshNodes(1));
  assert.ok(view);
  refuses([view, { ...view, name: "alias" }], 1, /^redis-0 and alias are the same node$/);
});

test("planFormation gives each replica to the primary with the fewest replicas", () => {
  assert.equal(shardsOf(formedNodes(7, 2)), "0+2+4+6 1+3+5");
  const world = formedNodes(9);
  for (const index of [4, 7]) loseData(world, index);
  form(world, 3);
  assert.equal(shardsOf(world), "0+3+6 1+4+7 2+5+8");
});

test("planFormation gives a primary to a replica of a replica", () => {
  const world = formedNodes();
  at(world, 5).primaryId = at(world, 3).id;
  assert.deepEqual(form(world, 3), ["replicate"]);
  assert.equal(shardsOf(world), "0+3 1+4 2+5");
});

test("planFormation restores all slots and even shards after any failovers, restarts and data losses", () => {
  const event = fc.tuple(fc.constantFrom("fail over", "lose data", "restart"), fc.nat());
  const incidents = fc.array(fc.array(event, { maxLength: 12 }), { maxLength: 4 });
  const shapes = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 2 }));
  fc.assert(
    fc.property(shapes, incidents, ([shards, replicas], rounds) => {
      const count = shards * (1 + replicas);
      const world = formedNodes(count, shards);
      for (const events of rounds) {
        for (const [kind, pick] of events) {
          const node = at(world, pick % count);
          const primary = world.find((other) => other.id === node.primaryId && other.isAlive);
          if (kind === "restart") restart(world);
          else if (kind === "lose data") loseData(world, pick % count);
          else if (primary) failOver(world, primary, node);
        }
        form(world, shards);
        const sizes = shardsOf(world)
          .split(" ")
          .map((shard) => shard.split("+").length);
        assert.deepEqual(sizes, Array(shards).fill(1 + replicas));
        const ranges = world.flatMap((node) => (node.isAlive ? node.slots : [])).sort(([a], [b]) => a - b);
        const ends = [-1, ...ranges.map(([, last]) => last)];
        assert.deepEqual([...ranges.map(([first]) => first - 1), slotCount - 1], ends);
      }
    }),
  );
});
