import type { V1PodList } from "@kubernetes/client-node";
import type { Workload } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import type { ReachedStack } from "../cluster-search.ts";
import { selects } from "./pod-history.ts";

/** A ready pod and its main container. */
export interface ReadyPod {
  workload: Workload;
  namespace: string;
  pod: string;
  uid: string;
  node: string;
  container: string;
  /** Container ID without the runtime's scheme. */
  containerId: string;
  restartCount: number;
  /** Container ports, by name. */
  ports: Map<string, number>;
}

/** The workloads of a role. @throws {UserError} when the stack has none. */
export function workloadsOf(role: Workload["role"], outputs: ReachedStack): Workload[] {
  const workloads = outputs.workloads.filter((each) => each.role === role);
  if (workloads.length > 0) return workloads;
  throw new UserError(
    `the stack has no workload of role ${role}`,
    "choose a run that needs none: npm run loadtest -- --help",
  );
}

/**
 * The ready pods of a role, sorted by name, so that repeated runs find the same pod first.
 *
 * @throws {UserError} when no pod is ready.
 * @throws {ApiError} when the cluster cannot be read.
 */
export async function readyPods(
  role: Workload["role"],
  outputs: ReachedStack,
  api: ClusterApi,
): Promise<[ReadyPod, ...ReadyPod[]]> {
  const workloads = workloadsOf(role, outputs);
  const { namespace } = outputs;
  const { items } = await api.getJson<V1PodList>(podPath(namespace));
  const found = items.flatMap((pod): ReadyPod[] => {
    const workload = workloads.find(({ selector }) => selects(selector, pod.metadata?.labels));
    const statuses = pod.status?.containerStatuses ?? [];
    // The main container has the name of the role. The cluster may add sidecars.
    const status = statuses.find((each) => each.name === role) ?? statuses[0];
    const containerId = status?.containerID?.replace(/^.*:\/\//, "");
    const { name, uid, deletionTimestamp } = pod.metadata ?? {};
    if (!workload || !name || !uid || deletionTimestamp || !status?.ready || !containerId) return [];
    const spec = pod.spec?.containers.find((each) => each.name === status.name);
    return [
      {
        workload,
        namespace,
        pod: name,
        uid,
        node: pod.spec?.nodeName ?? "",
        container: status.name,
        containerId,
        restartCount: status.restartCount,
        ports: new Map(spec?.ports?.map((port) => [port.name ?? "", port.containerPort])),
      },
    ];
  });
  const [first, ...others] = found.sort((a, b) => (a.pod < b.pod ? -1 : 1));
  if (first) return [first, ...others];
  throw new UserError(
    `no ${role} pod is ready`,
    `see why they are not ready: kubectl -n ${namespace} get pods`,
  );
}
