import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi, podPath } from "../../host/cluster-api.ts";
import type { StruckFault } from "./fault.ts";
import type { Target } from "./target.ts";

const largestMib = 65_536;
const killedWithinMs = 15_000;
const lookEveryMs = 500;

/** Whether a pod's fault lab is open. @throws UserError when it is closed. @throws ApiError on other trouble. */
export async function checkLab(target: Target, api: ClusterApi): Promise<void> {
  // Without an amount nothing is allocated: an open lab finds the request wrong.
  await api.post(labPath(target)).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 400)) throw labClosed(target, error);
  });
}

/**
 * Has a pod allocate twice its memory limit, and waits until it was killed for it.
 *
 * @throws UserError when its fault lab is closed, or it survives. @throws ApiError when the cluster cannot be read.
 */
export async function runOutOfMemory(target: Target, api: ClusterApi): Promise<StruckFault> {
  const { workload, pod } = target;
  const mib = Math.min(largestMib, Math.ceil((2 * workload.memoryLimitBytes) / 1024 ** 2));
  const atMs = Date.now();
  const answered = await api.post(`${labPath(target)}?mib=${mib}`, killedWithinMs).then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof ApiError) || (error.status >= 400 && error.status < 500)) {
        throw labClosed(target, error);
      }
      // The connection of a process that is killed breaks, which is what was asked for.
      return false;
    },
  );
  if (answered || !(await wasKilled(target, api))) {
    throw new UserError(
      `${pod} was to allocate ${mib} MiB, twice its limit, and was not killed`,
      `look at its limit: kubectl -n ${target.namespace} describe pod ${pod}`,
    );
  }
  return {
    name: "oom-api",
    pod,
    workloads: [workload],
    atMs,
    how: `${pod} was made to allocate ${mib} MiB, twice its limit`,
    expected: [
      { metric: "oom_kills", workload: workload.name, most: 1 },
      { metric: "restarts", workload: workload.name, most: 1 },
      { metric: "readiness_flaps", workload: workload.name, most: 1 },
    ],
    undo: async () => {},
  };
}

function labPath(target: Target): string {
  const port = target.ports.get("http") ?? [...target.ports.values()][0];
  return `${podPath(target.namespace)}/${encodeURIComponent(target.pod)}:${port}/proxy/lab/allocate`;
}

function labClosed(target: Target, error: unknown): unknown {
  if (!(error instanceof ApiError) || error.status !== 404) return error;
  return new UserError(
    `the fault lab of ${target.pod} is closed`,
    "open it: pulumi config set --path api.env.FAULT_LAB 1 && pulumi up",
    { cause: error },
  );
}

async function wasKilled(target: Target, api: ClusterApi): Promise<boolean> {
  const untilMs = Date.now() + killedWithinMs;
  for (;;) {
    const pod = await api.getJson<V1Pod>(podPath(target.namespace, target.pod));
    const status = pod.status?.containerStatuses?.find((each) => each.name === target.container);
    if (status?.state?.terminated || (status && status.restartCount > target.restartCount)) return true;
    if (Date.now() > untilMs) return false;
    await sleep(lookEveryMs);
  }
}
