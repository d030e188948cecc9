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

/** Two readings must share at least this part of their time with the load. */
const leastOverlap = 0.5;

/**
 * What limited the stack during a step. The CPU time comes from the kubelets. In steps that are too short for them, that of
 * the API comes from its own metrics, as if all of its pods were equally busy.
 *
 * @param samples of the step, in order
 * @param fromReport the part that the load test itself has measured
 */
export function stepMetrics(
  samples: readonly StackSample[],
  window: LoadWindow,
  { cpuLimits, nodeCores }: StackLimits,
  { apiCpuSeconds, apiPods, ...fromReport }: FromReport,
): StepMetrics {
  const pods = samples.flatMap((sample) => sample.pods);
  const roles = [...new Set(pods.map(({ role }) => role))];
  const inLoad = samples.flatMap(({ api }) => api);
  const delays = inLoad.flatMap(({ eventLoopP99Ms }) => eventLoopP99Ms ?? []);
  const cpu = roles.flatMap((role) =>
    roleCpu(
      role,
      pods.filter((pod) => pod.role === role),
      window,
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
  window: LoadWindow,
  limitCores: number | null,
): RoleCpu[] {
  const used = byName(readings).flatMap(([, own]) => coresIn(own, window) ?? []);
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
    const cores = coresIn(own, window);
    const ofCores = nodeCores.get(name);
    return cores === undefined || ofCores === undefined ? [] : [{ name, cores, ofCores }];
  });
  return nodes.sort((a, b) => b.cores / b.ofCores - a.cores / a.ofCores)[0] ?? null;
}

function byName(readings: readonly CpuReading[]): [string, CpuReading[]][] {
  const names = [...new Set(readings.map(({ name }) => name))];
  return names.map((name) => [name, readings.filter((reading) => reading.name === name)]);
}

/**
 * Cores that were used while the load ran. Kubelets measure every 10 s or so, so the two readings that fit the load best may
 * reach beyond it; the time beyond counts as idle.
 */
export function coresIn(readings: readonly CpuReading[], { fromMs, toMs }: LoadWindow): number | undefined {
  const distinct = readings
    .toSorted((a, b) => a.takenMs - b.takenMs)
    .filter(({ takenMs }, index, all) => takenMs !== all[index - 1]?.takenMs);
  let best: { score: number; cores: number } | undefined;
  for (const [index, first] of distinct.entries())
    for (const last of distinct.slice(index + 1)) {
      const overlap = Math.min(last.takenMs, toMs) - Math.max(first.takenMs, fromMs);
      const span = last.takenMs - first.takenMs;
      if (overlap <= 0 || overlap / span < leastOverlap) continue;
      // Much of the load, and little beside it.
      const score = (overlap / (toMs - fromMs)) * (overlap / span) ** 2;
      if (!best || score > best.score)
        best = { score, cores: Math.max(0, last.seconds - first.seconds) / (overlap / 1000) };
    }
  return best?.cores;
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
