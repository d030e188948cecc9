import type { StackOutputs } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, ClusterApi, podPath } from "../../host/cluster-api.ts";
import { targets } from "../faults/target.ts";
import { type MetricSample, parseMetrics } from "./prometheus-text.ts";

/** What the stack told of itself over one scenario, warm-up included. Null: it does not tell. */
export interface StackFigures {
  /** Reads answered from the cache, 0 … 1 of all that could have been. */
  cacheHitRate: number | null;
  /** Reads of the database for the cache; several requests may share one. */
  originReads: number | null;
  /** Answers 503 of the API itself: load that it shed. */
  shed: number | null;
  /** The worst API pod's 99th percentile of event-loop delay. */
  eventLoopP99Ms: number | null;
  /** CPU time of all API pods together. */
  cpuSeconds: number | null;
  /** Pods that were held back by their CPU limit, the worst first: share of the 100 ms periods in which they were. */
  throttled: { pod: string; share: number }[];
}

const apiMetrics = new Set([
  "cache_reads_total",
  "cache_origin_reads_total",
  "http_requests_total",
  "nodejs_eventloop_lag_p99_seconds",
  "process_cpu_user_seconds_total",
  "process_cpu_system_seconds_total",
]);
const cpuMetrics = new Set(["container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"]);
const patienceMs = 3000;

/** Counters of one moment: by pod, the API's own and the kernel's on its CPU limit. */
export interface StackCounters {
  api: Map<string, MetricSample[]>;
  cpu: Map<string, { periods: number; throttled: number }>;
}

/**
 * Reads the API pods' `/metrics` and the kubelets' CPU counters through the API server. What cannot be read is left out: a
 * stack may well keep it to itself.
 */
export async function readCounters(outputs: StackOutputs): Promise<StackCounters> {
  const counters: StackCounters = { api: new Map(), cpu: new Map() };
  const client = ClusterApi.open(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
  try {
    const pods = await targets("api", outputs, client);
    const nodes = new Set(pods.map((pod) => pod.node));
    await Promise.all([
      ...pods.map(async ({ pod, ports }) => {
        const path = `${podPath(outputs.namespace, pod)}:${ports.get("internal")}/proxy/metrics`;
        const text = await client.getText(path, patienceMs).catch(unread);
        if (text !== undefined) counters.api.set(pod, parseMetrics(text, apiMetrics));
      }),
      ...[...nodes].map(async (node) => {
        const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/metrics/cadvisor`;
        const text = await client.getText(path, patienceMs).catch(unread);
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

function unread(error: unknown): undefined {
  if (!(error instanceof ApiError)) throw error;
}

/**
 * Adds a kubelet's counters of CPU limits. Some kubelets name the containers in these lines, others only the pod; where they
 * do, the pod's line counts them again and is left out.
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

/** What happened between two moments, in the pods that were there at both and did not start anew. */
export function figuresBetween(before: StackCounters, after: StackCounters): StackFigures {
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
  const past = reads("miss") + reads("stale") + reads("bypass");
  const all = hits + past;
  // An image from before requests shared their reads does not count them apart.
  const countsOriginReads = pods.some(([, samples]) =>
    samples.some(({ name }) => name === "cache_origin_reads_total"),
  );
  const originReads = countsOriginReads ? grown("cache_origin_reads_total") : past;
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

function throttledBetween(before: StackCounters, after: StackCounters): StackFigures["throttled"] {
  return [...after.cpu]
    .flatMap(([pod, now]) => {
      const then = before.cpu.get(pod);
      const periods = now.periods - (then?.periods ?? 0);
      const throttled = now.throttled - (then?.throttled ?? 0);
      return then && periods > 0 && throttled > 0 ? [{ pod, share: throttled / periods }] : [];
    })
    .sort((a, b) => b.share - a.share);
}
