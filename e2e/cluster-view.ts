import { $ } from "zx";
import { dataPaths } from "../local/paths.ts";

const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: dataPaths.kubeconfig } });

export interface PodView {
  name: string;
  uid: string;
  ready: boolean;
}

interface PodList {
  items: {
    metadata: { name: string; uid: string; deletionTimestamp?: string };
    status: { conditions?: { type: string; status: string }[] };
  }[];
}

/** The pods that a selector finds, without those that are on their way out. */
export async function pods(namespace: string, selector: Record<string, string>): Promise<PodView[]> {
  const labels = Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const { stdout } = await kubectl`kubectl get pods -n ${namespace} -l ${labels} -o json`;
  return (JSON.parse(stdout) as PodList).items
    .filter((pod) => !pod.metadata.deletionTimestamp)
    .map((pod) => ({
      name: pod.metadata.name,
      uid: pod.metadata.uid,
      ready: (pod.status.conditions ?? []).some((is) => is.type === "Ready" && is.status === "True"),
    }));
}

/** Deletes pods all at once, and waits until they are gone. */
export async function deletePods(namespace: string, gone: readonly PodView[]): Promise<void> {
  await kubectl`kubectl delete pod -n ${namespace} ${gone.map((pod) => pod.name)}`;
}

/** Waits until `holds` gives true. @throws Error naming `what` after a minute. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 60_000; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error(`waited a minute in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Names of a namespace's Deployments, sorted. */
export async function deployments(namespace: string): Promise<string[]> {
  const { stdout } = await kubectl`kubectl get deployments -n ${namespace} -o name`;
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("/").at(-1) ?? "")
    .sort();
}

/** How many requests of `route` a pod has answered, by its own metrics, read through the API server. */
export async function requestsAnswered(namespace: string, pod: string): Promise<number> {
  const { stdout } =
    await kubectl`kubectl get --raw /api/v1/namespaces/${namespace}/pods/${pod}:9000/proxy/metrics`;
  return stdout
    .split("\n")
    .filter((line) => /^http_requests_total\{.*route="\/light"/.test(line))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Everything that exists in the cluster for a namespace: the namespace itself and volumes claimed from it. */
export async function leftovers(namespace: string): Promise<string[]> {
  const spaces = await kubectl`kubectl get namespace -o name`;
  const volumes = await kubectl`kubectl get pv -o json`;
  const { items } = JSON.parse(volumes.stdout) as { items: { spec: { claimRef?: { namespace: string } } }[] };
  return [
    ...spaces.stdout.split("\n").filter((line) => line === `namespace/${namespace}`),
    ...items.flatMap(({ spec }) => (spec.claimRef?.namespace === namespace ? ["persistentvolume"] : [])),
  ];
}
