import assert from "node:assert/strict";
import type { observe } from "../observe.ts";
import type { perform } from "../perform.ts";
import type { planTopology, Topology } from "../plan.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { connect, type Fate, Killed } from "./simulated-commands.ts";
import { simSlots } from "./simulated-node.ts";

/** The parts under test, which a test may replace by changed ones. */
export interface Parts {
  planTopology: typeof planTopology;
  observe: typeof observe;
  perform: typeof perform;
}

/** What one run wants. */
export interface Wanted extends Topology {
  shards: number;
  replicasPerShard: number;
}

/** Settings of one step. */
export interface StepOptions {
  fateOf?: () => Fate;
  turnsOf?: () => number;
}

/** Observes, plans and carries out one step, until an action fails. @returns the kinds of actions, or what it waits for */
export async function step(
  world: SimulatedCluster,
  { planTopology, observe, perform }: Parts,
  wanted: Wanted,
  { fateOf, turnsOf }: StepOptions = {},
): Promise<string> {
  const count = wanted.shards * (1 + wanted.replicasPerShard);
  world.wantedNodes = count;
  const connections = connect(world, world.nodes, fateOf, turnsOf);
  let seen: Awaited<ReturnType<typeof observe>>;
  try {
    seen = await observe(connections.slice(0, count), connections.slice(count), simSlots);
  } catch (error) {
    assert.ok(error instanceof Killed, `${error}`);
    return "killed";
  }
  const plan = planTopology(seen, { ...wanted, slots: simSlots });
  if (plan === "settled") return plan;
  if ("waitFor" in plan) return `wait for ${plan.waitFor}`;
  const byName = new Map(connections.map((node) => [node.name, node]));
  const nodeOf = (name: string) => byName.get(name) ?? assert.fail(name);
  const done: string[] = [];
  for (const action of plan.actions) {
    done.push(action.kind);
    try {
      await perform(action, { nodeOf, credentials: { username: "default", password: undefined } });
    } catch (error) {
      // What is not of the simulated cluster is a fault of the code.
      if (error instanceof assert.AssertionError || error instanceof TypeError) throw error;
      return `${[...new Set(done)].join("+")}: ${error}`;
    }
  }
  return [...new Set(done)].join("+");
}

/** Lets nodes hear each other and takes steps until the cluster is settled. @returns what each step did */
export async function converge(world: SimulatedCluster, parts: Parts, wanted: Wanted): Promise<string[]> {
  const rounds: string[] = [];
  while (rounds.length < 120) {
    world.settle();
    const result = await step(world, parts, wanted);
    if (result === "settled") return rounds;
    rounds.push(result);
  }
  return assert.fail(`not settled: ${rounds.slice(-6).join(" | ")}`);
}

/** Fails unless the cluster has the wanted form. */
export function assertSettled(world: SimulatedCluster, { shards, replicasPerShard }: Wanted): void {
  const count = shards * (1 + replicasPerShard);
  const staying = world.nodes.slice(0, count);
  const ids = staying.map(({ id }) => id).sort();
  const primaries = staying.filter(({ primaryId }) => primaryId === undefined);
  assert.equal(primaries.length, shards, "primaries");
  for (const primary of primaries) {
    const replicas = staying.filter(({ primaryId }) => primaryId === primary.id);
    assert.equal(replicas.length, replicasPerShard, `replicas of ${primary.name}`);
    assert.ok(Math.abs(primary.ownSlots.length - simSlots / shards) <= 1, "even shares");
    assert.equal(primary.migrating.size + primary.importing.size, 0, "open slots");
  }
  assert.equal(primaries.flatMap(({ ownSlots }) => ownSlots).length, simSlots);
  for (const node of staying) assert.deepEqual([node.id, ...node.table.keys()].sort(), ids, "known nodes");
  for (const node of world.nodes.slice(count)) {
    assert.equal(node.table.size, 0, "a node that left knows others");
    assert.equal(node.ownSlots.length, 0);
  }
}
