import type { Kubernetes } from "./kubernetes.ts";
import type { NodeAddress } from "./node-connection.ts";

interface StatefulSet {
  spec?: { replicas?: number };
}

/**
 * The Redis pods that the StatefulSet still has beyond the wanted nodes. They are to leave the cluster; Kubernetes deletes them
 * when the StatefulSet shrinks.
 *
 * @param nodes the wanted nodes: `<StatefulSet>-<ordinal>.<domain>`
 * @throws {Error} when the API server refuses or does not respond, or the nodes are no pods of a StatefulSet.
 */
export async function findLeavingPods(
  kubernetes: Kubernetes,
  namespace: string,
  nodes: readonly NodeAddress[],
): Promise<NodeAddress[]> {
  const [, name, domain] = /^(.+)-0(\..+)$/.exec(nodes[0]?.host ?? "") ?? [];
  const port = nodes[0]?.port;
  if (name === undefined || domain === undefined || port === undefined)
    throw new Error(`${nodes[0]?.host} is no first pod of a StatefulSet`);
  const set = await kubernetes.get<StatefulSet>(`/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`);
  const count = Math.max(0, (set?.spec?.replicas ?? 0) - nodes.length);
  return Array.from({ length: count }, (_, index) => ({
    host: `${name}-${nodes.length + index}${domain}`,
    port,
  }));
}
