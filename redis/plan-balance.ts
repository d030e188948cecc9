import { type Action, type MovesLeft, TopologyRefused } from "./actions.ts";
import type { Node } from "./observation.ts";
import { sizeOf, slotsIn } from "./slot-ranges.ts";

/** Slots of one step from one node to another. All nodes are observed again after each step. */
const slotsPerStep = 256;
/** Slots of the first step to a node that owns none: until it owns a slot, most clients do not know it and fail when they are sent to it. */
const firstSlots = 1;

/** The primaries of the wanted cluster, and what is needed to get as many as are wanted. */
export interface Choice {
  primaries: Node[];
  promotions: Action[];
}

/**
 * Chooses the primaries: nodes that own slots, then empty ones. If there are too few of them, a replica of a shard that is to
 * leave takes over its slots, or else a replica becomes an empty primary.
 */
export function choosePrimaries(staying: readonly Node[], members: readonly Node[], shards: number): Choice {
  const owners = staying.filter((node) => node.slots.length > 0).slice(0, shards);
  const missing = shards - owners.length;
  const leavers = new Set(
    members.filter((node) => node.isLeaving && node.slots.length > 0).map(({ id }) => id),
  );
  const heirs = new Map<string, Node>();
  for (const node of staying)
    if (node.primaryId !== undefined && leavers.has(node.primaryId) && !heirs.has(node.primaryId))
      heirs.set(node.primaryId, node);
  const handOver = [...heirs.values()].slice(0, missing);
  // One after another: two elections at the same time may both fail.
  if (handOver.length > 0)
    return {
      primaries: owners,
      promotions: handOver.slice(0, 1).map((node): Action => ({ kind: "hand-over", node: node.view })),
    };
  const empty = staying.filter((node) => node.role === "primary" && node.slots.length === 0);
  const chosen = new Set([...owners, ...empty.slice(0, missing)]);
  const stillMissing = missing - Math.min(missing, empty.length);
  const replicas = staying.filter((node) => node.role === "replica").reverse();
  return {
    primaries: staying.filter((node) => chosen.has(node)),
    promotions: replicas
      .slice(0, stillMissing)
      .map((node): Action => ({ kind: "reset", node: node.view, isHard: false })),
  };
}

/**
 * Moves slots until the primaries of the wanted cluster own all of them and differ by at most one slot from the mean; no slot
 * moves twice. In one step, each node is part of at most one move.
 *
 * @throws {TopologyRefused} when the data of nodes that are to leave does not fit into the others.
 */
export function planMoves(
  members: readonly Node[],
  primaries: readonly Node[],
  count: number,
): { actions: Action[]; left: MovesLeft } {
  const transfers = transfersOf(members, primaries, count);
  if (transfers.some(({ from }) => !primaries.includes(from))) refuseOverflow(members, primaries);
  const busy = new Set<Node>();
  const actions = transfers.flatMap(({ from, to, slots }): Action[] => {
    if (busy.has(from) || busy.has(to)) return [];
    busy.add(from).add(to);
    return [
      {
        kind: "move",
        node: from.view,
        to: to.view,
        slots: slots.slice(0, to.slots.length === 0 ? firstSlots : slotsPerStep),
      },
    ];
  });
  const bytes = transfers.map(({ from, slots }) => (from.view.dataBytes * slots.length) / sizeOf(from.slots));
  return {
    actions,
    left: {
      slots: transfers.reduce((sum, { slots }) => sum + slots.length, 0),
      bytes: Math.round(bytes.reduce((sum, part) => sum + part, 0)),
    },
  };
}

interface Transfer {
  from: Node;
  to: Node;
  slots: number[];
}

function transfersOf(members: readonly Node[], primaries: readonly Node[], count: number): Transfer[] {
  const mean = count / primaries.length;
  const donors = members.filter((node) => node.slots.length > 0 && !primaries.includes(node));
  const isEven = primaries.every((node) => Math.abs(sizeOf(node.slots) - mean) <= 1);
  if (donors.length === 0 && isEven) return [];
  // The larger shares go to the nodes that have the most slots: this moves the fewest.
  const ranked = [...primaries].sort((a, b) => sizeOf(b.slots) - sizeOf(a.slots));
  const shares = new Map(
    ranked.map((node, rank) => [node, Math.floor(mean) + (rank < count % primaries.length ? 1 : 0)]),
  );
  const lacks = new Map<Node, number>();
  const supplies: { from: Node; slots: number[] }[] = donors.map((from) => ({
    from,
    slots: slotsIn(from.slots),
  }));
  for (const node of primaries) {
    const excess = sizeOf(node.slots) - (shares.get(node) ?? 0);
    if (excess > 0) supplies.push({ from: node, slots: slotsIn(node.slots).slice(-excess) });
    else if (excess < 0) lacks.set(node, -excess);
  }
  return supplies.flatMap(({ from, slots }, index) => distribute(from, slots, lacks, index));
}

/** Gives slots to the nodes that lack some, each donor beginning with another node. */
function distribute(
  from: Node,
  slots: readonly number[],
  lacks: Map<Node, number>,
  start: number,
): Transfer[] {
  const takers = [...lacks.keys()];
  const transfers: Transfer[] = [];
  let given = 0;
  for (let turn = 0; turn < takers.length && given < slots.length; turn++) {
    const to = takers[(start + turn) % takers.length];
    const lack = to === undefined ? 0 : (lacks.get(to) ?? 0);
    const part = slots.slice(given, given + lack);
    if (to === undefined || part.length === 0) continue;
    lacks.set(to, lack - part.length);
    given += part.length;
    transfers.push({ from, to, slots: part });
  }
  return transfers;
}

function refuseOverflow(members: readonly Node[], primaries: readonly Node[]): void {
  const data = members
    .filter((node) => node.slots.length > 0)
    .reduce((sum, { view }) => sum + view.dataBytes, 0);
  if (primaries.some(({ view }) => view.maxBytes === 0)) return;
  const room = primaries.reduce((sum, { view }) => sum + view.maxBytes - view.overheadBytes, 0);
  if (data <= room) return;
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  throw new TopologyRefused(
    `the cache has ${mebibytes(data)} of data, and ${primaries.length} shards have room for ${mebibytes(Math.max(0, room))}; ` +
      "choose more shards (redis.shards), or more memory (redis.memory) first",
  );
}
