import type { Kubernetes } from "./kubernetes.ts";
import type { NodeAddress } from "./node-connection.ts";
import type { Hosts } from "./placement.ts";

interface StatefulSet {
  spec?: { replicas?: number };
}

interface PodList {
  items: { metadata: { name: string }; spec: { nodeName?: string } }[];
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

/**
 * The machines that the Redis pods run on.
 *
 * @param nodes the wanted nodes: `<pod>.<domain>`
 * @throws {Error} when the API server refuses or does not respond.
 */
export async function findHosts(
  kubernetes: Kubernetes,
  namespace: string,
  nodes: readonly NodeAddress[],
): Promise<Hosts> {
  const labels = encodeURIComponent("app.kubernetes.io/name=redis");
  const list = await kubernetes.get<PodList>(`/api/v1/namespaces/${namespace}/pods?labelSelector=${labels}`);
  const machines = new Map(list?.items.map(({ metadata, spec }) => [metadata.name, spec.nodeName]));
  return new Map(
    nodes.flatMap(({ host, port }) => {
      const machine = machines.get(host.split(".")[0] ?? "");
      return machine === undefined ? [] : [[`${host}:${port}`, machine] as const];
    }),
  );
}
