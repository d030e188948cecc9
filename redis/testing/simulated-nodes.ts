import assert from "node:assert/strict";
import type { KnownNode } from "../cluster-nodes.ts";
import { type Action, type NodeView, planFormation } from "../formation-plan.ts";
import type { SlotRange } from "../slot-ranges.ts";

/** A node as it is in truth, alive or not. */
export interface SimNode {
  name: string;
  id: string;
  ip: string;
  isAlive: boolean;
  configEpoch: number;
  primaryId: string | undefined;
  /** Address of the primary when the node was last told to replicate it. */
  copiesFrom?: string | undefined;
  slots: SlotRange[];
  /** Address by which it knows each of the others. */
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
  const isWell = node.isAlive && ip === node.ip;
  return {
    id,
    ip,
    port: 6379,
    busPort: 16_379,
    isSelf,
    role: primaryId === undefined ? "primary" : "replica",
    isWell,
    inHandshake: false,
    primaryId,
    configEpoch,
    isLinked: isWell,
    slots: [...slots],
  };
}

/** What the wanted nodes answer, by default all that live. */
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

/** Does what Redis does, and fails where Redis refuses. */
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

/** `to` serves the slots of `from` from now on, which becomes its replica if it lives. */
export function failOver(world: readonly SimNode[], from: SimNode, to: SimNode): void {
  const followers = world.filter((node) => node.primaryId === from.id && node !== to);
  for (const node of from.isAlive ? [...followers, from] : followers)
    [node.primaryId, node.copiesFrom] = [to.id, to.ip];
  [to.primaryId, to.slots, from.slots] = [undefined, from.slots, []];
}

/** The node comes back without its data, so as another one. */
export function loseData(world: SimNode[], index: number): SimNode {
  const lost = world[index] ?? assert.fail(`no node ${index}`);
  lost.isAlive = false;
  world.push(lost);
  world[index] = freshNode(lost.name);
  return lost;
}

/** Every node comes back with its data and another address. */
export function restart(world: readonly SimNode[]): void {
  for (const node of world) if (node.isAlive) node.ip = `new-${node.ip}`;
}

/**
 * Plans and does until nothing is left to do; gives the kinds of actions of each round.
 *
 * @param atOnce how many commands of a plan get through
 */
export function form(world: readonly SimNode[], shards: number, atOnce = Number.POSITIVE_INFINITY): string[] {
  const rounds: string[] = [];
  while (rounds.length < 100) {
    const plan = planFormation(look(world), shards);
    if (plan === "formed") return rounds;
    // Nodes notice at once here what happens to others.
    if ("waitFor" in plan) return assert.fail(`waits for ${plan.waitFor} after ${rounds}`);
    const sent = plan.do.slice(0, atOnce);
    for (const action of sent) apply(world, action);
    rounds.push([...new Set(sent.map((action) => action.kind))].join("+"));
  }
  return assert.fail(`not formed after ${rounds}`);
}
