import { ApiError, type ClusterApi, deploymentPath, podPath, withLabels } from "../host/cluster-api.ts";
import { openCluster } from "../host/open-cluster.ts";
import { pollUntil } from "../host/poll.ts";
import { clusterName } from "../local/cluster/layout.ts";
import { dataPaths } from "../local/paths.ts";

export interface PodView {
  name: string;
  uid: string;
  ready: boolean;
}

interface List<Item> {
  items: Item[];
}

interface Pod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  status: { conditions?: { type: string; status: string }[] };
}

let opened: ClusterApi | undefined;

function api(): ClusterApi {
  opened ??= openCluster(dataPaths.kubeconfig, clusterName);
  return opened;
}

/** Closes the connections to the API server. */
export function closeClusterView(): void {
  opened?.close();
}

async function list<Item>(path: string): Promise<Item[]> {
  return (await api().getJson<List<Item>>(path)).items;
}

/** Returns the pods that a selector matches, except those that are being deleted. */
export async function pods(namespace: string, selector: Record<string, string>): Promise<PodView[]> {
  const found = await list<Pod>(withLabels(podPath(namespace), selector));
  return found
    .filter((pod) => !pod.metadata.deletionTimestamp)
    .map((pod) => ({
      name: pod.metadata.name,
      uid: pod.metadata.uid,
      ready: (pod.status.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True"),
    }));
}

/** Deletes pods at once and waits until they are gone. */
export async function deletePods(namespace: string, targets: readonly PodView[]): Promise<void> {
  await Promise.all(targets.map(({ name }) => api().delete(podPath(namespace, name))));
  const uids = new Set(targets.map(({ uid }) => uid));
  await until("the deleted pods to end", async () => {
    const present = await list<Pod>(podPath(namespace));
    return present.every(({ metadata }) => !uids.has(metadata.uid));
  });
}

/** Waits until `holds` returns true. @throws {UserError} that names `what`, after five minutes: pods start slowly on a busy machine. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const fix = "read npm run logs, and kubectl describe for the pods";
  await pollUntil({ what, fix, intervalMs: 250, timeoutMs: 300_000 }, holds);
}

/** Returns the names of a namespace's Deployments, sorted. */
export async function deployments(namespace: string): Promise<string[]> {
  const found = await list<{ metadata: { name: string } }>(deploymentPath(namespace));
  return found.map(({ metadata }) => metadata.name).sort();
}

/** Returns how many requests of the route /light a pod has answered, by the pod's own metrics. */
export async function requestsAnswered(namespace: string, pod: string): Promise<number> {
  const metrics = await api().getText(`${podPath(namespace, `${pod}:9000`)}/proxy/metrics`);
  return metrics
    .split("\n")
    .filter((line) => /^http_requests_total\{.*route="\/light"/.test(line))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Returns what the cluster still has of a namespace: the namespace itself, and volumes that were claimed from it. */
export async function leftovers(namespace: string): Promise<string[]> {
  const volumes = await list<{ spec: { claimRef?: { namespace: string } } }>("/api/v1/persistentvolumes");
  return [
    ...((await exists(`/api/v1/namespaces/${namespace}`)) ? [`namespace/${namespace}`] : []),
    ...volumes.flatMap(({ spec }) => (spec.claimRef?.namespace === namespace ? ["persistentvolume"] : [])),
  ];
}

async function exists(path: string): Promise<boolean> {
  try {
    await api().getText(path);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}
