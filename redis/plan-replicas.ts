import type { Action } from "./actions.ts";
import type { Node } from "./observation.ts";

/**
 * Gives replicas to primaries: every node without a place to the primary with the fewest, and one of a primary with too many
 * to one with too few.
 *
 * @param primaries the primaries of the wanted cluster
 */
export function planReplicas(
  staying: readonly Node[],
  members: readonly Node[],
  primaries: readonly Node[],
  replicasPerShard: number,
): Action[] {
  const chosen = new Set(primaries);
  const byId = new Map(members.map((node) => [node.id, node]));
  const placed = new Map(primaries.map((primary): [Node, Node[]] => [primary, []]));
  const unplaced: Node[] = [];
  for (const node of staying) {
    if (chosen.has(node) || node.slots.length > 0) continue;
    const primary = node.primaryId === undefined ? undefined : byId.get(node.primaryId);
    if (primary !== undefined && chosen.has(primary)) placed.get(primary)?.push(node);
    // A replica protects the data of a shard until its slots have moved.
    else if (primary === undefined || primary.slots.length === 0) unplaced.push(node);
  }
  const bySize = () => [...placed].sort(([, a], [, b]) => a.length - b.length);
  const actions = unplaced.flatMap((node): Action[] => {
    const [fewest] = bySize();
    if (!fewest) return [];
    fewest[1].push(node);
    return [{ kind: "replicate", node: node.view, primary: fewest[0].view }];
  });
  if (actions.length === 0) {
    const [few] = bySize();
    const many = bySize().at(-1);
    const moved = many?.[1].at(-1);
    if (few && many && moved && few[1].length < replicasPerShard && many[1].length > replicasPerShard)
      return [{ kind: "replicate", node: moved.view, primary: few[0].view }];
  }
  return actions;
}

/**
 * Replicas that copy from an old address, or from a node that has become a replica itself. A replica that learns its primary's
 * new address from another node keeps copying from the old one (Redis 8.0). See docs/decisions.md#replica-with-an-old-address.
 */
export function followPrimary(members: readonly Node[]): Action[] {
  const byId = new Map(members.map((node) => [node.id, node]));
  return members.flatMap((node): Action[] => {
    const { view, primaryId } = node;
    const named = primaryId === undefined ? undefined : byId.get(primaryId);
    const primary = named?.primaryId === undefined ? named : byId.get(named.primaryId);
    if (named === undefined || primary?.role !== "primary" || primary === node) return [];
    const isOld =
      !view.replicates && view.copiesFrom !== undefined && node.entries[named.index]?.ip !== view.copiesFrom;
    return isOld || primary !== named ? [{ kind: "replicate", node: view, primary: primary.view }] : [];
  });
}
