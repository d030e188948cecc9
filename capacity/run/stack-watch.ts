import { setTimeout as sleep } from "node:timers/promises";
import type { V1Node, V1PodList } from "@kubernetes/client-node";
import type { Workload } from "../../contract/outputs.ts";
import { ApiError, type ClusterApi, podPath } from "../../host/cluster-api.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import { selects } from "../../loadtest/observe/pod-history.ts";
import { type MetricSample, parseMetrics } from "../../loadtest/observe/prometheus-text.ts";
import type { ApiSample, StackLimits, StackSample } from "../sizing/samples.ts";

const sampleEveryMs = 2000;
const requestTimeoutMs = 3000;
const apiMetrics = new Set([
  "http_requests_total",
  "nodejs_eventloop_lag_p99_seconds",
  "database_connections",
]);

/** The part of the kubelet's `/stats/summary` that is read here. */
interface CpuSummary {
  node: { nodeName: string; cpu?: CpuStats };
  pods?: { podRef: { name: string; namespace: string }; cpu?: CpuStats }[];
}
interface CpuStats {
  time?: string;
  usageCoreNanoSeconds?: number;
}

interface WatchedPod {
  name: string;
  role: Workload["role"];
  node: string;
  /** Port of the metrics; undefined: none. */
  metricsPort: number | undefined;
}

/** Looks at the CPU time and the metrics of a stack every two seconds, beside a load test. */
export class StackWatch {
  readonly #api: ClusterApi;
  readonly #stack: ReachedStack;
  readonly #samples: StackSample[] = [];
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  /** Starts at once. */
  constructor(api: ClusterApi, stack: ReachedStack) {
    this.#api = api;
    this.#stack = stack;
    this.#running = this.#run();
  }

  /** Takes the last sample. @returns all samples; empty when the cluster could not be read */
  async stop(): Promise<StackSample[]> {
    this.#stopping.abort();
    await this.#running;
    return this.#samples;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let isLast = false; ; isLast = signal.aborted) {
      await this.#sample().catch(ignoreApiError);
      if (isLast) return;
      await sleep(sampleEveryMs, undefined, { signal }).catch(() => {});
    }
  }

  async #sample(): Promise<void> {
    const { namespace, workloads } = this.#stack;
    const { items } = await this.#api.getJson<V1PodList>(podPath(namespace), requestTimeoutMs);
    const pods = items.flatMap(({ metadata, spec, status }): WatchedPod[] => {
      const workload = workloads.find(({ selector }) => selects(selector, metadata?.labels));
      if (!workload || !metadata?.name || status?.phase !== "Running") return [];
      const main = spec?.containers.find(({ name }) => name === workload.role) ?? spec?.containers[0];
      const metricsPort = main?.ports?.find(({ name }) => name === "internal")?.containerPort;
      return [{ name: metadata.name, role: workload.role, node: spec?.nodeName ?? "", metricsPort }];
    });
    const nodes = [...new Set(pods.map(({ node }) => node))];
    const [summaries, api] = await Promise.all([
      Promise.all(nodes.map((node) => this.#summary(node))),
      Promise.all(pods.map((pod) => this.#apiMetrics(pod))),
    ]);
    const readings = summaries.flatMap((summary) => summary?.pods ?? []);
    this.#samples.push({
      atMs: Date.now(),
      pods: pods.flatMap(({ name, role }) => {
        const own = readings.find(({ podRef }) => podRef.name === name && podRef.namespace === namespace);
        return readingOf(name, own?.cpu).map((reading) => ({ ...reading, role }));
      }),
      nodes: summaries.flatMap((summary) =>
        summary ? readingOf(summary.node.nodeName, summary.node.cpu) : [],
      ),
      api: api.flatMap((sample) => sample ?? []),
    });
  }

  #summary(node: string): Promise<CpuSummary | undefined> {
    const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary?only_cpu_and_memory=true`;
    return this.#api.getJson<CpuSummary>(path, requestTimeoutMs).catch(ignoreApiError);
  }

  async #apiMetrics({ name, role, metricsPort }: WatchedPod): Promise<ApiSample | undefined> {
    if (role !== "api" || metricsPort === undefined) return undefined;
    const path = `${podPath(this.#stack.namespace, name)}:${metricsPort}/proxy/metrics`;
    const text = await this.#api.getText(path, requestTimeoutMs).catch(ignoreApiError);
    return text === undefined ? undefined : apiSampleOf(name, parseMetrics(text, apiMetrics));
  }
}

/** The metrics of an API pod that limits are judged by. */
export function apiSampleOf(pod: string, samples: readonly MetricSample[]): ApiSample {
  const values = (name: string, state?: string) =>
    samples.filter((each) => each.name === name && (state === undefined || each.labels.state === state));
  const sum = (found: readonly MetricSample[]) =>
    found.length === 0 ? null : found.reduce((all, { value }) => all + value, 0);
  const total = sum(values("database_connections", "total"));
  const idle = sum(values("database_connections", "idle")) ?? 0;
  const waiting = sum(values("database_connections", "waiting")) ?? 0;
  const lag = values("nodejs_eventloop_lag_p99_seconds").map(({ value }) => value * 1000);
  return {
    pod,
    requests: sum(values("http_requests_total")),
    eventLoopP99Ms: lag.length === 0 ? null : Math.max(...lag),
    databasePool: total === null ? null : { used: total - idle, total, waiting },
  };
}

function readingOf(name: string, cpu: CpuStats | undefined) {
  if (cpu?.usageCoreNanoSeconds === undefined || cpu.time === undefined) return [];
  return [{ name, takenMs: Date.parse(cpu.time), seconds: cpu.usageCoreNanoSeconds / 1e9 }];
}

function ignoreApiError(error: unknown): undefined {
  if (!(error instanceof ApiError)) throw error;
}

/** Limits of the stack's pods and sizes of its nodes. What cannot be read is left out. */
export async function readLimits(
  api: ClusterApi,
  { namespace, workloads }: ReachedStack,
): Promise<StackLimits> {
  const { items } = await api.getJson<V1PodList>(podPath(namespace), requestTimeoutMs);
  const cpuLimits = new Map<Workload["role"], number>();
  for (const { metadata, spec } of items) {
    const workload = workloads.find(({ selector }) => selects(selector, metadata?.labels));
    const main = spec?.containers.find(({ name }) => name === workload?.role) ?? spec?.containers[0];
    const limit = main?.resources?.limits?.cpu;
    if (workload && limit !== undefined) cpuLimits.set(workload.role, coresOf(limit));
  }
  const nodeCores = new Map<string, number>();
  for (const node of new Set(items.flatMap(({ spec }) => spec?.nodeName ?? []))) {
    const path = `/api/v1/nodes/${encodeURIComponent(node)}`;
    const found = await api.getJson<V1Node>(path, requestTimeoutMs).catch(ignoreApiError);
    const cores = found?.status?.capacity?.cpu;
    if (cores !== undefined) nodeCores.set(node, coresOf(cores));
  }
  return { cpuLimits, nodeCores };
}

/** A quantity of CPU in cores: `500m` is 0.5. */
export function coresOf(quantity: string): number {
  return quantity.endsWith("m") ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity);
}
