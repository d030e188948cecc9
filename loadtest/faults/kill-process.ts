import { podPath } from "../../host/cluster-api.ts";
import type { ReadyPod } from "../observe/ready-pods.ts";
import { containerProcesses, sendSignal } from "./container-processes.ts";
import type { FaultContext, InjectedFault } from "./fault.ts";

/**
 * Kills a pod's main process without a warning. When this machine cannot, deletes the pod without a grace period, which
 * has the most similar effect. Change this code only in a process namespace (docs/decisions.md#fault-code-in-a-namespace).
 *
 * @throws {ApiError} when the pod cannot be deleted.
 */
export async function killProcess(
  { workload, namespace, pod, uid, node, container, containerId }: ReadyPod,
  { api, procFolder }: Pick<FaultContext, "api" | "procFolder">,
): Promise<InjectedFault> {
  const [main] = await containerProcesses(containerId, procFolder);
  const atMs = Date.now();
  const outcome = main === undefined ? "elsewhere" : sendSignal(main, "SIGKILL");
  const injected = { pod, workloads: [workload], atMs, undo: async () => {} };
  if (outcome === "sent") {
    return {
      ...injected,
      how: `SIGKILL to ${container} in ${pod}`,
      expected: [
        { metric: "restarts", workload: workload.name, most: 1 },
        { metric: "readiness_flaps", workload: workload.name, most: 1 },
      ],
    };
  }
  await api.delete(podPath(namespace, pod), { gracePeriodSeconds: 0, preconditions: { uid } });
  const why = {
    elsewhere: `its node ${node} is not this machine`,
    forbidden: "this user may not signal its process",
    gone: "its process had just ended by itself",
  }[outcome];
  return {
    ...injected,
    how: `${pod} deleted without grace instead of a SIGKILL, because ${why}`,
    expected: [{ metric: "pods_replaced", workload: workload.name, most: 1 }],
  };
}
