import { access } from "node:fs/promises";
import { join } from "node:path";
import type { V1Pod } from "@kubernetes/client-node";
import { type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { findObject } from "../../local/cluster/kube-api.ts";
import { admitGateways } from "./api-access.ts";
import type { Arm } from "./arms.ts";

const namespace = "nginx-bench";
const namespacePath = `/api/v1/namespaces/${namespace}`;
const readyMs = 60_000;

/** A running pod. */
export interface RunningPod {
  address: string;
  /** Folder of its control group that counts CPU time. */
  group: string;
}

/** The gateways of the comparison, each in a pod with the limits of the stack's own. */
export interface GatewayPods {
  pods: Map<Arm, RunningPod>;
  remove(): Promise<void>;
}

/** Starts one pod for each gateway. @throws {UserError} when one is not ready in time */
export async function startGateways(
  api: ClusterApi,
  arms: readonly Arm[],
  resources: { cpu: string; memory: string },
  stackNamespace: string,
): Promise<GatewayPods> {
  const removePods = () => api.delete(namespacePath, { propagationPolicy: "Background" });
  await removeLeftovers(api, removePods);
  await api.apply(namespacePath, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const refuse = await admitGateways(api, stackNamespace, namespace);
  const remove = async () => {
    await refuse();
    await removePods();
  };
  try {
    const pods = await Promise.all(
      arms.map(async (arm) => [arm, await startOne(api, arm, resources)] as const),
    );
    return { pods: new Map(pods), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Waits until the namespace of an earlier run, which may have been killed, is gone. */
async function removeLeftovers(api: ClusterApi, remove: () => Promise<void>): Promise<void> {
  if ((await findObject(api, namespacePath)) === undefined) return;
  await remove();
  const what = `namespace ${namespace} of an earlier run to be gone`;
  await pollUntil(
    { what, fix: `kubectl get namespace ${namespace} -o yaml`, timeoutMs: readyMs },
    async () => (await findObject(api, namespacePath)) === undefined,
  );
}

async function startOne(
  api: ClusterApi,
  arm: Arm,
  limits: { cpu: string; memory: string },
): Promise<RunningPod> {
  const metadata = { name: arm.name, namespace };
  await api.apply(`${namespacePath}/configmaps/${arm.name}`, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata,
    data: { ...arm.programs, [arm.file]: arm.config },
  });
  const container = {
    name: "gateway",
    image: arm.image,
    command: arm.command,
    resources: { limits, requests: { cpu: "100m", memory: limits.memory } },
    volumeMounts: [
      { name: "config", mountPath: "/etc/gateway" },
      { name: "tmp", mountPath: "/tmp" },
    ],
    readinessProbe: { httpGet: { path: "/api/light", port: 8080 }, periodSeconds: 1, timeoutSeconds: 5 },
  };
  await api.apply(podPath(namespace, arm.name), {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: {
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 },
      containers: [container],
      volumes: [
        { name: "config", configMap: { name: arm.name } },
        { name: "tmp", emptyDir: {} },
      ],
    },
  });
  const fix = `kubectl -n ${namespace} describe pod ${arm.name}; kubectl -n ${namespace} logs ${arm.name}`;
  return pollUntil({ what: `pod ${arm.name} to be ready`, fix, timeoutMs: readyMs }, async () => {
    const pod = await api.getJson<V1Pod>(podPath(namespace, arm.name));
    const isReady = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    return isReady === true && runningPod(pod);
  });
}

/** Address and control group of a running pod of the embedded cluster. @throws {Error} when it has none */
export async function runningPod(pod: V1Pod): Promise<RunningPod> {
  const address = pod.status?.podIP;
  const group = await groupOf(`pod${pod.metadata?.uid}`);
  if (address === undefined || group === undefined)
    throw new Error(`pod ${pod.metadata?.name} has no address or no control group`);
  return { address, group };
}

/** The folder of a pod's group in the hierarchy that counts CPU time, by version and class of service. */
async function groupOf(name: string): Promise<string | undefined> {
  for (const hierarchy of ["", "cpuacct", "cpu,cpuacct", "unified"])
    for (const quality of ["", "burstable", "besteffort"]) {
      const folder = join("/sys/fs/cgroup", hierarchy, "breakwater/kubepods", quality, name);
      for (const file of ["cpuacct.usage", "cpu.stat"])
        if (
          await access(join(folder, file)).then(
            () => true,
            () => false,
          )
        )
          return folder;
    }
  return undefined;
}
