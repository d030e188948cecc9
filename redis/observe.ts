import type { ObservableNode } from "./cluster-node.ts";
import { type NodeView, type Observation, selfOf } from "./observation.ts";
import { slotCount } from "./slot-ranges.ts";

/**
 * Asks all nodes for their state, and for their numbers of keys in slots that are open anywhere or have no owner.
 *
 * @param count number of slots of the cluster
 */
export async function observe(
  staying: readonly ObservableNode[],
  leaving: readonly ObservableNode[],
  count: number = slotCount,
): Promise<Observation> {
  const nodes = [...staying, ...leaving];
  const replies = await Promise.allSettled(nodes.map((node) => node.view()));
  const found = replies.flatMap((reply) => (reply.status === "fulfilled" ? [reply.value] : []));
  const slots = uncertainSlots(found, found.length === nodes.length ? count : 0);
  const views = await Promise.allSettled(
    replies.map(async (reply, index): Promise<NodeView> => {
      if (reply.status === "rejected") throw reply.reason;
      return {
        ...reply.value,
        keysInSlots: await countKeys(nodes[index], reply.value.keys > 0 ? slots : []),
      };
    }),
  );
  const viewsOf = (from: number, to: number) =>
    views.slice(from, to).flatMap((view) => (view.status === "fulfilled" ? [view.value] : []));
  return {
    staying: viewsOf(0, staying.length),
    leaving: viewsOf(staying.length, nodes.length),
    silent: views.flatMap((view, index) =>
      view.status === "rejected" ? [`${nodes[index]?.name}: ${reasonOf(view.reason)}`] : [],
    ),
  };
}

/** Slots that are open, and those below `count` that no node owns. */
function uncertainSlots(views: readonly Omit<NodeView, "keysInSlots">[], count: number): Set<number> {
  const selves = views.map((view) => selfOf(view));
  const isOwned = new Uint8Array(count);
  for (const [first, last] of selves.flatMap(({ slots }) => slots)) isOwned.fill(1, first, last + 1);
  const unowned = [...isOwned.keys()].filter((slot) => !isOwned[slot]);
  return new Set([...selves.flatMap(({ open }) => open.map(({ slot }) => slot)), ...unowned]);
}

async function countKeys(
  node: ObservableNode | undefined,
  slots: Iterable<number>,
): Promise<Map<number, number>> {
  const counts = await Promise.all(
    [...slots].map(
      async (slot): Promise<[number, number]> => [
        slot,
        Number(await node?.send("CLUSTER", "COUNTKEYSINSLOT", String(slot))),
      ],
    ),
  );
  return new Map(counts);
}

/** The message of an error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
