import type { Action } from "./actions.ts";
import type { Node } from "./observation.ts";

/** The machine of each node, by the node's name. A node without one counts as alone on its machine. */
export type Hosts = ReadonlyMap<string, string>;

/** A primary of the wanted cluster and its replicas. */
export interface Shard {
  primary: Node;
  replicas: Node[];
}

/** Whether two nodes are on one machine, and are lost together with it. */
export function areTogether(hosts: Hosts, a: Node, b: Node): boolean {
  const host = hosts.get(a.view.name);
  return host !== undefined && host === hosts.get(b.view.name);
}

/**
 * Gives a shard whose nodes are all on one machine a replica on another machine, from a shard that can take one of its replicas
 * in exchange. The exchange goes by `planReplicas`: the shard then has a replica too many, and the other one too few.
 *
 * @returns at most one action; none when no exchange helps
 */
export function spreadShards(shards: readonly Shard[], hosts: Hosts): Action[] {
  for (const { primary, replicas } of shards) {
    if (replicas.length === 0 || replicas.some((replica) => !areTogether(hosts, replica, primary))) continue;
    for (const other of shards) {
      if (other.primary === primary) continue;
      const given = other.replicas.find(
        (replica) =>
          !areTogether(hosts, replica, primary) &&
          (!areTogether(hosts, primary, other.primary) ||
            other.replicas.some((rest) => rest !== replica && !areTogether(hosts, rest, other.primary))),
      );
      if (given !== undefined) return [{ kind: "replicate", node: given.view, primary: primary.view }];
    }
  }
  return [];
}
