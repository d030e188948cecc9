import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { containerProcesses, sendSignal } from "./container-processes.ts";
import type { FaultName, StruckFault } from "./fault.ts";
import type { Target } from "./target.ts";

/**
 * Ends a pod's main process without a warning; where that cannot be done from here, deletes the pod without grace,
 * which comes nearest to it.
 *
 * @throws ApiError when the pod cannot be deleted.
 */
export async function kill(
  name: FaultName,
  target: Target,
  api: ClusterApi,
  procFolder: string,
): Promise<StruckFault> {
  const { workload, pod, container, node } = target;
  const [main] = await containerProcesses(target.containerId, procFolder);
  const atMs = Date.now();
  const outcome = main === undefined ? "elsewhere" : sendSignal(main, "SIGKILL");
  const struck = { name, pod, workloads: [workload], atMs, undo: async () => {} };
  if (outcome === "sent") {
    return {
      ...struck,
      how: `SIGKILL to ${container} in ${pod}`,
      expected: [
        { metric: "restarts", workload: workload.name, most: 1 },
        { metric: "readiness_flaps", workload: workload.name, most: 1 },
      ],
    };
  }
  await api.delete(podPath(target.namespace, pod), {
    gracePeriodSeconds: 0,
    preconditions: { uid: target.uid },
  });
  const why = {
    elsewhere: `its node ${node} is not this machine`,
    forbidden: "this user may not signal its process",
    gone: "its process had just ended by itself",
  }[outcome];
  return {
    ...struck,
    how: `${pod} deleted without grace instead of a SIGKILL, because ${why}`,
    expected: [{ metric: "pods_replaced", workload: workload.name, most: 1 }],
  };
}
