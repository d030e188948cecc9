import assert from "node:assert/strict";
import type { KnownNode } from "../cluster-nodes.ts";
import { type Action, type NodeView, planFormation } from "../formation-plan.ts";
import type { SlotRange } from "../slot-ranges.ts";

/** The true state of a simulated node. */
export interface SimNode {
  name: string;
  id: string;
  ip: string;
  isAlive: boolean;
  configEpoch: number;
  primaryId: string | undefined;
  /** Address of the primary at the last REPLICATE. */
  copiesFrom?: string | undefined;
  slots: SlotRange[];
  /** Address by which it knows each other node, by ID. */
  knows: Map<string, string>;
}

let ids = 0;
function freshNode(name: string): SimNode {
  const id = `id-${ids++}`;
  const ip = `ip-of-${id}`;
  return { name, id, ip, isAlive: true, configEpoch: 0, primaryId: undefined, slots: [], knows: new Map() };
}

export const freshNodes = (count: number) =>
  Array.from({ length: count }, (_, index) => freshNode(`redis-${index}`));

function entryOf(node: SimNode, ip: string, isSelf: boolean): KnownNode {
  const { id, configEpoch, primaryId, slots } = node;
  const isHealthy = node.isAlive && ip === node.ip;
  return {
    id,
    ip,
    port: 6379,
    busPort: 16_379,
    isSelf,
    role: primaryId === undefined ? "primary" : "replica",
    isHealthy,
    inHandshake: false,
    primaryId,
    configEpoch,
    isLinked: isHealthy,
    slots: [...slots],
  };
}

/** Returns the views that the wanted nodes report. Default: all nodes that are alive. */
export function look(world: readonly SimNode[], wanted = world.filter((node) => node.isAlive)): NodeView[] {
  return wanted.map((node) => ({
    name: node.name,
    ip: node.ip,
    port: 6379,
    known: [
      entryOf(node, node.ip, true),
      ...world.flatMap((other) => {
        const ip = node.knows.get(other.id);
        return ip === undefined ? [] : [entryOf(other, ip, false)];
      }),
    ],
    stateOk: true,
    replicates: world.some(
      ({ id, ip, isAlive }) => id === node.primaryId && isAlive && ip === node.copiesFrom,
    ),
    copiesFrom: node.primaryId === undefined ? undefined : node.copiesFrom,
  }));
}

/** Performs the action as Redis does, and fails if Redis would refuse it. */
function apply(world: readonly SimNode[], action: Action): void {
  const find = (view: NodeView) => world.find((node) => node.ip === view.ip) ?? assert.fail(view.name);
  const node = find(action.node);
  switch (action.kind) {
    case "number":
      assert.ok(node.knows.size === 0 && node.configEpoch === 0);
      node.configEpoch = action.epoch;
      break;
    case "meet": {
      const other = find(action.other);
      node.knows.set(other.id, other.ip);
      other.knows.set(node.id, node.ip);
      break;
    }
    case "take-over": {
      const gone = world.find((other) => other.id === action.goneId);
      assert.ok(gone && !gone.isAlive && node.primaryId === gone.id);
      failOver(world, gone, node);
      break;
    }
    case "forget":
      assert.notEqual(node.primaryId, action.goneId);
      assert.ok(node.knows.delete(action.goneId));
      break;
    case "assign":
      assert.equal(node.primaryId, undefined);
      node.slots.push(...action.ranges);
      break;
    case "replicate": {
      const primary = find(action.primary);
      assert.ok(node.slots.length === 0 && primary.primaryId === undefined);
      node.primaryId = primary.id;
      node.copiesFrom = primary.ip;
    }
  }
}

/** Moves the slots of `from` to `to`. `from` becomes a replica of `to` if it is alive. */
export function failOver(world: readonly SimNode[], from: SimNode, to: SimNode): void {
  const followers = world.filter((node) => node.primaryId === from.id && node !== to);
  for (const node of from.isAlive ? [...followers, from] : followers)
    [node.primaryId, node.copiesFrom] = [to.id, to.ip];
  [to.primaryId, to.slots, from.slots] = [undefined, from.slots, []];
}

/** Replaces the node by a new one with the same name, as after a loss of its data. Returns the lost node. */
export function loseData(world: SimNode[], index: number): SimNode {
  const lost = world[index] ?? assert.fail(`no node ${index}`);
  lost.isAlive = false;
  world.push(lost);
  world[index] = freshNode(lost.name);
  return lost;
}

/** Gives every node that is alive a new address. It keeps its data. */
export function restart(world: readonly SimNode[]): void {
  for (const node of world) if (node.isAlive) node.ip = `new-${node.ip}`;
}

/**
 * Plans and performs actions until the cluster is formed.
 *
 * @param atOnce how many commands of each plan are performed; the rest is lost
 * @returns the kinds of actions of each round
 */
export function form(world: readonly SimNode[], shards: number, atOnce = Number.POSITIVE_INFINITY): string[] {
  const rounds: string[] = [];
  while (rounds.length < 100) {
    const plan = planFormation(look(world), shards);
    if (plan === "formed") return rounds;
    // Simulated nodes notice each change at once, so there is nothing to wait for.
    if ("waitFor" in plan) return assert.fail(`waits for ${plan.waitFor} after ${rounds}`);
    const sent = plan.actions.slice(0, atOnce);
    for (const action of sent) apply(world, action);
    rounds.push([...new Set(sent.map((action) => action.kind))].join("+"));
  }
  return assert.fail(`not formed after ${rounds}`);
}
