import { UserError } from "../../contract/user-error.ts";
import { ApiError, podPath } from "../../host/cluster-api.ts";
import { openCluster } from "../../host/open-cluster.ts";
import type { ReachedStack } from "../cluster-search.ts";
import type { StackStats } from "../report/schema/scenario.ts";
import { type MetricSample, parseMetrics } from "./prometheus-text.ts";
import { readyPods } from "./ready-pods.ts";

const apiMetrics = new Set([
  "cache_reads_total",
  "cache_origin_reads_total",
  "http_requests_total",
  "nodejs_eventloop_lag_p99_seconds",
  "process_cpu_user_seconds_total",
  "process_cpu_system_seconds_total",
]);
const cpuMetrics = new Set(["container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"]);
const timeoutMs = 3000;

/** Counters of each API pod at one moment: its own metrics, and the kernel's counters of its CPU limit. */
export interface StackCounters {
  api: Map<string, MetricSample[]>;
  cpu: Map<string, { periods: number; throttled: number }>;
}

/**
 * Reads the API pods' `/metrics` and the kubelets' CPU counters through the API server. Counters that cannot be read are
 * left out.
 */
export async function readCounters(outputs: ReachedStack): Promise<StackCounters> {
  const counters: StackCounters = { api: new Map(), cpu: new Map() };
  const client = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  try {
    const pods = await readyPods("api", outputs, client);
    const nodes = new Set(pods.map((pod) => pod.node));
    await Promise.all([
      ...pods.map(async ({ pod, ports }) => {
        const path = `${podPath(outputs.namespace, pod)}:${ports.get("internal")}/proxy/metrics`;
        const text = await client.getText(path, timeoutMs).catch(ignoreApiError);
        if (text !== undefined) counters.api.set(pod, parseMetrics(text, apiMetrics));
      }),
      ...[...nodes].map(async (node) => {
        const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/metrics/cadvisor`;
        const text = await client.getText(path, timeoutMs).catch(ignoreApiError);
        if (text !== undefined) addCpu(counters, parseMetrics(text, cpuMetrics), outputs.namespace);
      }),
    ]);
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof UserError)) throw error;
  } finally {
    client.close();
  }
  return counters;
}

function ignoreApiError(error: unknown): undefined {
  if (!(error instanceof ApiError)) throw error;
}

/**
 * Adds a kubelet's counters of CPU limits. Some kubelets have a line for each container and one for the pod, which is
 * their sum and is left out. Others have only the pod's line.
 */
export function addCpu(counters: StackCounters, samples: readonly MetricSample[], namespace: string): void {
  const own = samples.filter(({ labels }) => labels.namespace === namespace && labels.pod);
  const named = new Set(own.flatMap(({ labels }) => (labels.container && labels.pod ? [labels.pod] : [])));
  for (const { name, labels, value } of own) {
    if (!labels.pod || named.has(labels.pod) !== Boolean(labels.container)) continue;
    const sum = counters.cpu.get(labels.pod) ?? { periods: 0, throttled: 0 };
    sum[name === "container_cpu_cfs_periods_total" ? "periods" : "throttled"] += value;
    counters.cpu.set(labels.pod, sum);
  }
}

/** Changes between two moments, in the pods that ran at both and did not restart in between. */
export function statsBetween(before: StackCounters, after: StackCounters): StackStats {
  const pods = [...after.api].filter(([pod]) => before.api.has(pod));
  const grown = (name: string, where: (labels: Record<string, string>) => boolean = () => true) => {
    const total = (samples: readonly MetricSample[] = []) =>
      samples.reduce((sum, each) => (each.name === name && where(each.labels) ? sum + each.value : sum), 0);
    const growth = pods.map(([pod, samples]) => total(samples) - total(before.api.get(pod)));
    return growth.reduce((sum, each) => sum + Math.max(0, each), 0);
  };
  const known = <T>(value: T) => (pods.length === 0 ? null : value);
  const reads = (result: string) => grown("cache_reads_total", (labels) => labels.result === result);
  const hits = reads("hit");
  const notHits = reads("miss") + reads("stale") + reads("bypass");
  const all = hits + notHits;
  // Older images have no counter of database reads: there, each read that missed the cache is one.
  const countsOriginReads = pods.some(([, samples]) =>
    samples.some(({ name }) => name === "cache_origin_reads_total"),
  );
  const originReads = countsOriginReads ? grown("cache_origin_reads_total") : notHits;
  const delays = pods.flatMap(([, samples]) =>
    samples
      .filter(({ name }) => name === "nodejs_eventloop_lag_p99_seconds")
      .map(({ value }) => value * 1000),
  );
  return {
    cacheHitRate: all === 0 ? null : hits / all,
    originReads: known(originReads),
    shed: known(grown("http_requests_total", (labels) => labels.status === "503")),
    eventLoopP99Ms: delays.length === 0 ? null : Math.max(...delays),
    cpuSeconds: known(grown("process_cpu_user_seconds_total") + grown("process_cpu_system_seconds_total")),
    throttled: throttledBetween(before, after),
  };
}

function throttledBetween(before: StackCounters, after: StackCounters): StackStats["throttled"] {
  return [...after.cpu]
    .flatMap(([pod, now]) => {
      const earlier = before.cpu.get(pod);
      const periods = now.periods - (earlier?.periods ?? 0);
      const throttled = now.throttled - (earlier?.throttled ?? 0);
      return earlier && periods > 0 && throttled > 0 ? [{ pod, share: throttled / periods }] : [];
    })
    .sort((a, b) => b.share - a.share);
}
