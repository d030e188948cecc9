import type { Action } from "./actions.ts";
import type { Node } from "./observation.ts";
import { areTogether, type Hosts, type Shard, spreadShards } from "./placement.ts";

/**
 * Gives replicas to primaries: every node without a place to the primary with the fewest, and one of a primary with too many
 * to one with too few. Of several primaries or replicas, it prefers those on other machines than their shard has. When all
 * have their number, it spreads shards over machines.
 *
 * @param primaries the primaries of the wanted cluster
 */
export function planReplicas(
  staying: readonly Node[],
  members: readonly Node[],
  primaries: readonly Node[],
  { replicasPerShard, hosts = new Map() }: { replicasPerShard: number; hosts?: Hosts },
): Action[] {
  const byId = new Map(members.map((node) => [node.id, node]));
  const shards = primaries.map((primary): Shard => ({ primary, replicas: [] }));
  const shardOf = new Map(shards.map((shard) => [shard.primary, shard]));
  const unplaced: Node[] = [];
  for (const node of staying) {
    if (shardOf.has(node) || node.slots.length > 0) continue;
    const primary = node.primaryId === undefined ? undefined : byId.get(node.primaryId);
    const shard = primary && shardOf.get(primary);
    if (shard !== undefined) shard.replicas.push(node);
    // A replica protects the data of a shard until its slots have moved.
    else if (primary === undefined || primary.slots.length === 0) unplaced.push(node);
  }
  const bySize = () => [...shards].sort((a, b) => a.replicas.length - b.replicas.length);
  const actions = unplaced.flatMap((node): Action[] => {
    const sorted = bySize();
    const [fewest] = sorted;
    if (!fewest) return [];
    const isAsFew = ({ replicas }: Shard) => replicas.length === fewest.replicas.length;
    const shard = sorted.find((each) => isAsFew(each) && !areTogether(hosts, node, each.primary)) ?? fewest;
    shard.replicas.push(node);
    return [{ kind: "replicate", node: node.view, primary: shard.primary.view }];
  });
  if (actions.length > 0) return actions;
  const few = bySize().at(0);
  const many = bySize().at(-1);
  if (few && many && few.replicas.length < replicasPerShard && many.replicas.length > replicasPerShard) {
    const moved =
      many.replicas.findLast((replica) => areTogether(hosts, replica, many.primary)) ?? many.replicas.at(-1);
    return moved ? [{ kind: "replicate", node: moved.view, primary: few.primary.view }] : [];
  }
  // An exchange takes a replica away for a moment, so all must be copies.
  const areCopies = staying.every(({ role, view }) => role === "primary" || view.replicates);
  return areCopies ? spreadShards(shards, hosts) : [];
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
