import type { V1PodList } from "@kubernetes/client-node";
import type { StackOutputs, Workload } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { selects } from "../observe/pod-history.ts";

/** A ready pod that a fault can strike, and its main container. */
export interface Target {
  workload: Workload;
  namespace: string;
  pod: string;
  uid: string;
  node: string;
  container: string;
  /** Without the runtime's scheme. */
  containerId: string;
  restartCount: number;
  /** By name. */
  ports: Map<string, number>;
}

/** The workloads of a role. @throws UserError when the stack has none. */
export function workloadsOf(role: Workload["role"], outputs: StackOutputs): Workload[] {
  const workloads = outputs.workloads.filter((each) => each.role === role);
  if (workloads.length > 0) return workloads;
  throw new UserError(
    `the stack has no workload of role ${role} to strike`,
    "choose a fault that strikes something that the stack has: npm run loadtest -- --help",
  );
}

/**
 * The ready pods of a role by name, so that the same run strikes the same pod.
 *
 * @throws UserError when there is none. @throws ApiError when the cluster cannot be read.
 */
export async function targets(
  role: Workload["role"],
  outputs: StackOutputs,
  api: ClusterApi,
): Promise<[Target, ...Target[]]> {
  const workloads = workloadsOf(role, outputs);
  const { namespace } = outputs;
  const { items } = await api.getJson<V1PodList>(podPath(namespace));
  const found = items.flatMap((pod): Target[] => {
    const workload = workloads.find(({ selector }) => selects(selector, pod.metadata?.labels));
    const statuses = pod.status?.containerStatuses ?? [];
    // Whatever the cluster adds to a pod stands beside the container that has the role's name.
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
    `no ${role} pod is ready, so none can be struck`,
    `look at what holds them up: kubectl -n ${namespace} get pods`,
  );
}
