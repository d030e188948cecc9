import type { Action } from "./actions.ts";
import type { Node } from "./observation.ts";

/** What becomes of one open slot. */
interface Mending {
  /** Nodes whose open state ends. */
  closed: Node[];
  /** Nodes whose keys go back to the owner before their open state ends. */
  returned: Node[];
  /** Node that the slot goes to; undefined: it stays. */
  to: Node | undefined;
}

/**
 * Finishes interrupted moves of slots. A move that has moved keys is never put back: clients of the owner are sent on to the
 * other node for every key that the owner does not have, so between closing and moving back they would miss keys.
 *
 * @param owners the owner of each slot, which all members agree on
 */
export function mendOpenSlots(members: readonly Node[], owners: readonly (Node | undefined)[]): Action[] {
  const open = new Set(primariesOf(members).flatMap((node) => node.open.map(({ slot }) => slot)));
  const closed = new Map<Node, number[]>();
  const returned = new Map<Node, Map<Node, number[]>>();
  const moved = new Map<Node, Map<Node, number[]>>();
  for (const slot of [...open].sort((a, b) => a - b)) {
    const owner = owners[slot];
    // A slot without an owner is given to one of the nodes that have its keys.
    if (owner === undefined) continue;
    const mending = mendSlot(slot, owner, members);
    for (const node of mending.closed) closed.set(node, [...(closed.get(node) ?? []), slot]);
    for (const node of mending.returned) addTo(returned, node, owner, slot);
    if (mending.to !== undefined) addTo(moved, owner, mending.to, slot);
  }
  const closings = [...closed].map(([node, slots]): Action => ({ kind: "close", node: node.view, slots }));
  const returns = pairsOf(returned).map(
    ([node, owner, slots]): Action => ({ kind: "give-back", node: node.view, owner: owner.view, slots }),
  );
  const moves = pairsOf(moved).map(
    ([node, to, slots]): Action => ({ kind: "move", node: node.view, to: to.view, slots }),
  );
  return [...closings, ...returns, ...moves];
}

function mendSlot(slot: number, owner: Node, members: readonly Node[]): Mending {
  const others = primariesOf(members).filter((node) => node !== owner);
  const keysOf = (node: Node) => node.view.keysInSlots.get(slot) ?? 0;
  const importers = others.filter((node) => isOpen(node, slot, "importing"));
  const stale = others.filter((node) => isOpen(node, slot, "migrating"));
  const targetId = owner.open.find((open) => open.slot === slot && open.direction === "migrating")?.nodeId;
  const to =
    targetId === undefined
      ? mostKeys(importers, keysOf)
      : (primaryNamed(targetId, owner, members) ?? mostKeys(others, keysOf));
  const rest = importers.filter((node) => node !== to);
  return {
    to,
    returned: rest.filter((node) => keysOf(node) > 0),
    closed: [
      ...stale.filter((node) => !importers.includes(node)),
      ...rest.filter((node) => keysOf(node) === 0),
      // The owner imports its own slot, or its target is gone and nobody has keys.
      ...(to === undefined && owner.open.some((open) => open.slot === slot) ? [owner] : []),
    ],
  };
}

/** The node with an id, or the primary that it is a replica of by now. */
function primaryNamed(id: string, owner: Node, members: readonly Node[]): Node | undefined {
  const named = members.find((node) => node.id === id);
  const primary = named?.role === "replica" ? members.find((node) => node.id === named.primaryId) : named;
  return primary === owner || primary?.role !== "primary" ? undefined : primary;
}

function mostKeys(nodes: readonly Node[], keysOf: (node: Node) => number): Node | undefined {
  const [most] = nodes.filter((node) => keysOf(node) > 0).sort((a, b) => keysOf(b) - keysOf(a));
  return most;
}

function isOpen(node: Node, slot: number, direction: "migrating" | "importing"): boolean {
  return node.open.some((open) => open.slot === slot && open.direction === direction);
}

/** Replicas keep an open state that means nothing (valkey#998). */
function primariesOf(members: readonly Node[]): Node[] {
  return members.filter((node) => node.role === "primary");
}

function addTo(map: Map<Node, Map<Node, number[]>>, node: Node, other: Node, slot: number): void {
  const inner = map.get(node) ?? new Map<Node, number[]>();
  map.set(node, inner.set(other, [...(inner.get(other) ?? []), slot]));
}

function pairsOf(map: Map<Node, Map<Node, number[]>>): [Node, Node, number[]][] {
  return [...map].flatMap(([node, inner]) =>
    [...inner].map(([other, slots]): [Node, Node, number[]] => [node, other, slots]),
  );
}
