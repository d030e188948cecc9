import type { V1Pod } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { poll } from "../../host/poll.ts";
import { type ReadyPod, readyPods } from "../observe/ready-pods.ts";
import { defineFault } from "./fault.ts";

const largestMib = 65_536;
const killTimeoutMs = 15_000;

export const oomApi = defineFault({
  name: "oom-api",
  about: "one API pod allocates more than its limit; needs api.env.FAULT_LAB=1",
  target: "api",
  needs: "create pods/proxy",
  async check({ outputs, api }) {
    const [pod] = await readyPods("api", outputs, api);
    // An enabled fault lab answers 400 to a request without an amount, and allocates nothing.
    await api.post(labPath(pod)).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 400)) throw closedLab(pod, error);
    });
  },
  async inject({ outputs, api }) {
    const [target] = await readyPods("api", outputs, api);
    const { workload, pod } = target;
    const mib = Math.min(largestMib, Math.ceil((2 * workload.memoryLimitBytes) / 1024 ** 2));
    const atMs = Date.now();
    if ((await allocate(target, mib, api)) === "survived" || !(await wasKilled(target, api))) {
      throw new UserError(
        `${pod} allocated ${mib} MiB, twice its limit, and was not killed`,
        `see its limit: kubectl -n ${target.namespace} describe pod ${pod}`,
      );
    }
    return {
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
  },
});

async function allocate(target: ReadyPod, mib: number, api: ClusterApi): Promise<"survived" | "broke off"> {
  try {
    await api.post(`${labPath(target)}?mib=${mib}`, killTimeoutMs);
    return "survived";
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status >= 400 && error.status < 500))
      throw closedLab(target, error);
    // The connection of a killed process breaks off.
    return "broke off";
  }
}

function labPath(target: ReadyPod): string {
  const port = target.ports.get("http") ?? [...target.ports.values()][0];
  return `${podPath(target.namespace, target.pod)}:${port}/proxy/lab/allocate`;
}

function closedLab(target: ReadyPod, error: unknown): unknown {
  if (!(error instanceof ApiError) || error.status !== 404) return error;
  return new UserError(
    `the fault lab of ${target.pod} is closed`,
    "open it: pulumi config set --path api.env.FAULT_LAB 1 && pulumi up",
    { cause: error },
  );
}

async function wasKilled(target: ReadyPod, api: ClusterApi): Promise<boolean> {
  const killed = await poll({ intervalMs: 500, timeoutMs: killTimeoutMs }, async () => {
    const pod = await api.getJson<V1Pod>(podPath(target.namespace, target.pod));
    const status = pod.status?.containerStatuses?.find((each) => each.name === target.container);
    return status?.state?.terminated !== undefined || (status?.restartCount ?? 0) > target.restartCount;
  });
  return killed ?? false;
}
