import type { Workload } from "../../contract/outputs.ts";
import { median } from "../../measure/median.ts";
import type { RoleCpu, StepMetrics } from "./step-metrics.ts";

/** CPU time since the start of a pod or node. */
export interface CpuReading {
  /** Name of the pod or node. */
  name: string;
  /** When the kubelet measured it, epoch ms. */
  takenMs: number;
  seconds: number;
}

/** One look at the stack during a step. */
export interface StackSample {
  /** Epoch ms. */
  atMs: number;
  pods: (CpuReading & { role: Workload["role"] })[];
  nodes: CpuReading[];
  /** Metrics of each API pod that could be read. */
  api: ApiSample[];
}

/** The metrics of one API pod at one moment; null: its program has no such metric. */
export interface ApiSample {
  pod: string;
  requests: number | null;
  eventLoopP99Ms: number | null;
  databasePool: { used: number; total: number; waiting: number } | null;
}

/** Facts about the stack that do not change during a run. */
export interface StackLimits {
  /** CPU limit of a pod by role, in cores; absent: none. */
  cpuLimits: ReadonlyMap<Workload["role"], number>;
  /** Cores by node; absent: unknown. */
  nodeCores: ReadonlyMap<string, number>;
}

/** The time in which load ran, warm-up included, epoch ms. */
export interface LoadWindow {
  fromMs: number;
  toMs: number;
}

/** What the load test itself has measured in a step. */
export interface FromReport extends Pick<StepMetrics, "apiThrottled" | "eventLoopP99Ms" | "shed"> {
  /** CPU time of all API pods by their own metrics, warm-up included; null: they have no such metrics. */
  apiCpuSeconds: number | null;
  apiPods: number;
}

/** Part of the time between two readings that must be the step's load, and part of the load between them that must be the step's. */
const leastOverlap = 0.35;
const leastShare = 0.5;

/**
 * What limited the stack during a step. The CPU time comes from the kubelets. In steps that are too short for them, that of
 * the API comes from its own metrics, as if all of its pods were equally busy.
 *
 * @param samples of the step and of the one before, in order
 * @param others the loads of other steps within the time of the samples
 */
export function stepMetrics(
  samples: readonly StackSample[],
  window: LoadWindow,
  { cpuLimits, nodeCores }: StackLimits,
  { apiCpuSeconds, apiPods, ...fromReport }: FromReport,
  others: readonly LoadWindow[] = [],
): StepMetrics {
  const pods = samples.flatMap((sample) => sample.pods);
  const roles = [...new Set(pods.map(({ role }) => role))];
  const inLoad = samples.filter(({ atMs }) => atMs >= window.fromMs).flatMap(({ api }) => api);
  const delays = inLoad.flatMap(({ eventLoopP99Ms }) => eventLoopP99Ms ?? []);
  const cpu = roles.flatMap((role) =>
    roleCpu(
      role,
      pods.filter((pod) => pod.role === role),
      [window, others],
      cpuLimits.get(role) ?? null,
    ),
  );
  if (apiCpuSeconds !== null && apiPods > 0 && !cpu.some(({ role }) => role === "api")) {
    const cores = apiCpuSeconds / ((window.toMs - window.fromMs) / 1000);
    const limitCores = cpuLimits.get("api") ?? null;
    cpu.unshift({ role: "api", pods: apiPods, cores, busiestCores: cores / apiPods, limitCores });
  }
  return {
    cpu,
    node: busiestNode(
      samples.flatMap(({ nodes }) => nodes),
      window,
      nodeCores,
    ),
    ...fromReport,
    eventLoopP99Ms: delays.length > 0 ? median(delays) : fromReport.eventLoopP99Ms,
    databasePool: worstPool(inLoad),
  };
}

/** The API pods that were ready in every sample and got no request, by the API's own metrics. */
export function idleApiPods(samples: readonly StackSample[]): string[] {
  const counts = new Map<string, number[]>();
  for (const { pod, requests } of samples.flatMap(({ api }) => api))
    if (requests !== null) counts.set(pod, [...(counts.get(pod) ?? []), requests]);
  return [...counts]
    .filter(([, seen]) => seen.length >= 2 && (seen.at(-1) ?? 0) <= (seen[0] ?? 0))
    .map(([pod]) => pod);
}

function roleCpu(
  role: Workload["role"],
  readings: readonly CpuReading[],
  [window, others]: readonly [LoadWindow, readonly LoadWindow[]],
  limitCores: number | null,
): RoleCpu[] {
  const used = byName(readings).flatMap(([, own]) => coresIn(own, window, others) ?? []);
  if (used.length === 0) return [];
  const sum = used.reduce((all, cores) => all + cores, 0);
  return [{ role, pods: used.length, cores: sum, busiestCores: Math.max(...used), limitCores }];
}

function busiestNode(
  readings: readonly CpuReading[],
  window: LoadWindow,
  nodeCores: StackLimits["nodeCores"],
): StepMetrics["node"] {
  const nodes = byName(readings).flatMap(([name, own]) => {
    const pair = bestPair(own, window, []);
    const ofCores = nodeCores.get(name);
    if (!pair || ofCores === undefined) return [];
    // A node is never idle, so nothing is taken for the time beside the load.
    return [{ name, cores: Math.min(ofCores, pair.seconds / (pair.spanMs / 1000)), ofCores }];
  });
  return nodes.sort((a, b) => b.cores / b.ofCores - a.cores / a.ofCores)[0] ?? null;
}

function byName(readings: readonly CpuReading[]): [string, CpuReading[]][] {
  const names = [...new Set(readings.map(({ name }) => name))];
  return names.map((name) => [name, readings.filter((reading) => reading.name === name)]);
}

/**
 * Cores that a pod used while the load ran. Kubelets measure every 10 to 15 s, so the two readings that fit the load best may
 * reach beyond it. The time beyond counts as idle, but for the loads of other steps.
 *
 * @param others the loads of other steps, at similar rates
 */
export function coresIn(
  readings: readonly CpuReading[],
  window: LoadWindow,
  others: readonly LoadWindow[] = [],
): number | undefined {
  const best = bestPair(readings, window, others);
  return best && best.seconds / (best.loadedMs / 1000);
}

interface ReadingPair {
  seconds: number;
  spanMs: number;
  /** Time between the readings in which any step's load ran. */
  loadedMs: number;
}

/** The two readings with much of the load between them, and little else. */
function bestPair(
  readings: readonly CpuReading[],
  window: LoadWindow,
  others: readonly LoadWindow[],
): ReadingPair | undefined {
  const distinct = readings
    .toSorted((a, b) => a.takenMs - b.takenMs)
    .filter(({ takenMs }, index, all) => takenMs !== all[index - 1]?.takenMs);
  let best: (ReadingPair & { score: number }) | undefined;
  for (const [index, first] of distinct.entries())
    for (const last of distinct.slice(index + 1)) {
      const between = { fromMs: first.takenMs, toMs: last.takenMs };
      const ownMs = overlapMs(between, window);
      const spanMs = between.toMs - between.fromMs;
      const loadedMs = others.reduce((sum, other) => sum + overlapMs(between, other), ownMs);
      if (ownMs <= 0 || ownMs / spanMs < leastOverlap || ownMs / loadedMs < leastShare) continue;
      const score = (ownMs / (window.toMs - window.fromMs)) * (ownMs / spanMs) ** 2;
      const seconds = Math.max(0, last.seconds - first.seconds);
      if (!best || score > best.score) best = { score, seconds, spanMs, loadedMs };
    }
  return best;
}

function overlapMs(a: LoadWindow, b: LoadWindow): number {
  return Math.max(0, Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs));
}

/** The middle of the samples of the pod with the most waiting queries. */
function worstPool(samples: readonly ApiSample[]): StepMetrics["databasePool"] {
  const pods = [...new Set(samples.map(({ pod }) => pod))].flatMap((name) => {
    const pools = samples.flatMap(({ pod, databasePool }) =>
      pod === name && databasePool ? [databasePool] : [],
    );
    if (pools.length === 0) return [];
    const middle = (field: "used" | "total" | "waiting") =>
      Math.round(median(pools.map((pool) => pool[field])));
    return [{ used: middle("used"), total: middle("total"), waiting: middle("waiting") }];
  });
  return pods.sort((a, b) => b.waiting - a.waiting || b.used / b.total - a.used / a.total)[0] ?? null;
}
