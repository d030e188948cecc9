import { setTimeout as sleep } from "node:timers/promises";
import type { PoolPlan } from "../config/derive.ts";
import { withLabels } from "../host/cluster-api.ts";
import { type ClusterReader, pathOf, requestTimeoutMs } from "./cluster-reader.ts";
import { parts } from "./labels.ts";

const pollMs = 500;
/** Only WebSockets and streams keep a gateway pod for longer. They end with the pods of their pool anyway. */
const maxWaitMs = 60_000;

interface List {
  items: { metadata: { name: string; deletionTimestamp?: string } }[];
}

/**
 * Waits until no gateway pod is left that sends requests to a pool which this update removes. Pulumi removes it at the end
 * of the update; a stopping gateway pod serves the connections that clients have kept open for some seconds more.
 *
 * @param selector labels of the gateway's pods
 * @param pools pools that stay
 */
export async function waitForUsersOfRemovedPools(
  cluster: ClusterReader,
  namespace: string,
  selector: Readonly<Record<string, string>>,
  pools: readonly PoolPlan[],
): Promise<void> {
  const listed = async (kind: "services" | "pods", labels: Readonly<Record<string, string>>) => {
    const path = withLabels(pathOf(kind, namespace), labels);
    return (await cluster.getJson<List>(path, requestTimeoutMs)).items.map(({ metadata }) => metadata);
  };
  const services = await listed("services", { "app.kubernetes.io/component": parts.api.component });
  if (services.every(({ name }) => pools.some(({ serviceName }) => serviceName === name))) return;
  for (const untilMs = Date.now() + maxWaitMs; Date.now() < untilMs; await sleep(pollMs)) {
    const gateways = await listed("pods", selector);
    if (gateways.every(({ deletionTimestamp }) => deletionTimestamp === undefined)) return;
  }
}
