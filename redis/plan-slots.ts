import type { Action } from "./actions.ts";
import type { Node } from "./observation.ts";
import { assignSlots, rangesOf, type SlotRange, slotsIn } from "./slot-ranges.ts";

/**
 * The member that owns each slot by its own word; undefined for a slot that none owns.
 *
 * @returns undefined when two members claim the same slot, which they settle between themselves
 */
export function ownersOf(members: readonly Node[], count: number): (Node | undefined)[] | undefined {
  const owners: (Node | undefined)[] = Array(count).fill(undefined);
  for (const node of members)
    for (const [first, last] of node.slots)
      for (let slot = first; slot <= last; slot++) {
        if (owners[slot] !== undefined) return undefined;
        owners[slot] = node;
      }
  return owners;
}

/**
 * The members whose table differs from what the other members say of themselves: role, epoch or slots. What a table says of a
 * slot without an owner does not count: nobody is left who could correct it.
 */
export function viewersThatDisagree(members: readonly Node[]): Node[] {
  return members.filter((viewer) =>
    members.some((node) => {
      const entry = viewer.entries[node.index];
      if (entry === undefined || entry.role !== node.role) return true;
      if (node.role === "replica") return false;
      return entry.configEpoch !== node.configEpoch || !areWithin(node.slots, entry.slots);
    }),
  );
}

/** Whether each range is a part of one of the others. Both are sorted. */
function areWithin(ranges: readonly SlotRange[], others: readonly SlotRange[]): boolean {
  let index = 0;
  return ranges.every(([first, last]) => {
    while ((others[index]?.[1] ?? last) < last) index++;
    return (others[index]?.[0] ?? last + 1) <= first;
  });
}

/**
 * Gives slots without an owner to primaries. A slot whose owner was lost in the middle of a move goes to the node that already
 * has keys of it, and one that tables still give to a node goes to that node.
 */
export function assignUnowned(members: readonly Node[], primaries: readonly Node[], count: number): Action[] {
  const isTaken = new Uint8Array(count);
  for (const [first, last] of members.flatMap((node) => node.slots)) isTaken.fill(1, first, last + 1);
  if (isTaken.every((taken) => taken === 1)) return [];
  const shares = new Map<Node, number[]>();
  const give = (node: Node, slot: number) => {
    if (isTaken[slot]) return;
    isTaken[slot] = 1;
    shares.set(node, [...(shares.get(node) ?? []), slot]);
  };
  const possible = members.filter((node) => node.role === "primary");
  for (const slot of isTaken.keys()) {
    if (isTaken[slot]) continue;
    const keysOf = ({ view }: Node) => view.keysInSlots.get(slot) ?? 0;
    const [most] = possible.filter((node) => keysOf(node) > 0).sort((a, b) => keysOf(b) - keysOf(a));
    if (most !== undefined) give(most, slot);
  }
  for (const node of possible)
    for (const viewer of members)
      for (const slot of slotsIn(viewer === node ? [] : (viewer.entries[node.index]?.slots ?? [])))
        give(node, slot);
  const taken = rangesOf([...isTaken.keys()].filter((slot) => isTaken[slot]));
  const served = primaries.map((node) => node.slots);
  const additions = assignSlots(served, taken, count).map((ranges, index) => ({
    node: primaries[index],
    ranges,
  }));
  for (const [node, slots] of shares) additions.push({ node, ranges: rangesOf(slots.sort((a, b) => a - b)) });
  return additions.flatMap(({ node, ranges }) =>
    node === undefined || ranges.length === 0 ? [] : [assignmentOf(node, ranges, members)],
  );
}

function assignmentOf(node: Node, ranges: SlotRange[], members: readonly Node[]): Action {
  const wanted = new Set(slotsIn(ranges));
  const othersIn = (viewer: Node) =>
    viewer.view.known
      .filter(({ id }) => id !== node.id)
      .flatMap(({ slots }) => slotsIn(slots))
      .filter((slot) => wanted.has(slot));
  const busy = rangesOf(othersIn(node).sort((a, b) => a - b));
  return {
    kind: "assign",
    node: node.view,
    ranges,
    busy,
    isContested: busy.length > 0 || members.some((viewer) => othersIn(viewer).length > 0),
  };
}

/**
 * Deletes the keys of primaries that own no slot: the rest of a failover that did not know of a move. They would come back to
 * life if the node got their slots, and Redis lets a node with keys neither become a replica nor leave.
 */
export function flushStrays(nodes: readonly Node[]): Action[] {
  return nodes
    .filter(({ role, slots, view }) => role === "primary" && slots.length === 0 && view.keys > 0)
    .map((node): Action => ({ kind: "flush", node: node.view }));
}
