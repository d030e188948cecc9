import type { GateMetricOf } from "../../contract/gate-metrics.ts";
import { countErrors } from "../load/load-result.ts";
import type { ObservedPod } from "../report/schema/pod.ts";
import type { LoadResult } from "../report/schema/scenario.ts";
import { memoryGrowth, type Period } from "./memory-growth.ts";

/** A measured value that a gate compares with its limit. */
export interface Measurement {
  /** Value in the metric's unit; null when it could not be measured. */
  value: number | null;
  /** Number of requests, memory samples or pods that the value is computed from. */
  samples: number;
  /** Details for the gate's reason, e.g. `12 × HTTP 502` or the names of pods. */
  detail: string;
}

/** Measures one scenario. */
type ScenarioMeasure = (load: LoadResult) => Measurement;

/**
 * Measures some pods together.
 *
 * @param steady the period of constant load, to which memory growth is limited
 * @returns undefined when the metric does not apply to this run
 */
type WorkloadMeasure = (pods: readonly ObservedPod[], steady?: Period) => Measurement | undefined;

/** The computation of each metric of a scenario. */
export const scenarioMeasures: Record<GateMetricOf<"scenario">, ScenarioMeasure> = {
  p50: latency("p50Ms"),
  p75: latency("p75Ms"),
  p90: latency("p90Ms"),
  p95: latency("p95Ms"),
  p99: latency("p99Ms"),
  "p99.9": latency("p999Ms"),
  mean: latency("meanMs"),
  max: latency("maxMs"),
  error_rate: shareOfSent(({ failed }) => failed, errorText),
  non_2xx_rate: shareOfSent(
    ({ errors }) => sum(Object.values(errors.status)),
    (load) => countsText(statusCounts(load)),
  ),
  timeout_rate: shareOfSent(
    ({ errors }) => errors.timeouts,
    () => "",
  ),
  throughput: ({ sent, requestsPerSecond, completed }) => ({
    value: sent === 0 ? null : requestsPerSecond,
    samples: completed,
    detail: "",
  }),
  samples: ({ completed }) => ({ value: completed, samples: completed, detail: "" }),
};

/** The computation of each metric of workloads. */
export const workloadMeasures: Record<GateMetricOf<"workload">, WorkloadMeasure> = {
  memory_peak: memoryPeak,
  memory_time_to_limit: timeToLimit,
  restarts: total((pod) => pod.restarts),
  oom_kills: total((pod) => pod.oomKills),
  pods_replaced: total((pod) => (pod.gone && !pod.scaledAway ? 1 : 0)),
  readiness_flaps: total((pod) => pod.readinessFlaps),
};

function latency(field: Exclude<keyof LoadResult["latency"], "count" | "curve">): ScenarioMeasure {
  return ({ latency }) => ({
    value: Number.isFinite(latency[field]) ? latency[field] : null,
    samples: latency.count,
    detail: "",
  });
}

function shareOfSent(
  count: (load: LoadResult) => number,
  detail: (load: LoadResult) => string,
): ScenarioMeasure {
  return (load) => ({
    value: load.sent === 0 ? null : count(load) / load.sent,
    samples: load.sent,
    detail: detail(load),
  });
}

function total(count: (pod: ObservedPod) => number): WorkloadMeasure {
  return (pods) => ({
    value: pods.length === 0 ? null : sum(pods.map(count)),
    samples: pods.length,
    detail: pods
      .filter((pod) => count(pod) > 0)
      .map((pod) => (pod.lastEnd ? `${pod.name} (${pod.lastEnd})` : pod.name))
      .join(", "),
  });
}

/** The containers of a pod that have a memory limit, the main one first with the pod's name. */
function limitedContainers(pod: ObservedPod) {
  const sidecars = pod.sidecars.flatMap(({ name, memoryLimitBytes, ...memory }) =>
    memoryLimitBytes === null ? [] : [{ name: `${name} in ${pod.name}`, memoryLimitBytes, ...memory }],
  );
  return [pod, ...sidecars];
}

/** The highest share of its own memory limit that a container reached. */
function memoryPeak(pods: readonly ObservedPod[]): Measurement {
  const peaks = pods
    .flatMap(limitedContainers)
    .flatMap(({ name, peakBytes, memoryLimitBytes }) =>
      peakBytes === null ? [] : [{ name, peakBytes, memoryLimitBytes, share: peakBytes / memoryLimitBytes }],
    );
  const [highest] = peaks.sort((a, b) => b.share - a.share);
  return {
    value: highest?.share ?? null,
    samples: sum(pods.flatMap(limitedContainers).map(({ samples }) => samples)),
    detail: highest
      ? `${highest.name}: ${mebibytes(highest.peakBytes)} of ${mebibytes(highest.memoryLimitBytes)}`
      : "",
  };
}

/** The pod that will reach its limit first. A run that is too short to separate growth from noise has no such value. */
function timeToLimit(pods: readonly ObservedPod[], steady?: Period): Measurement | undefined {
  const growing = pods.flatMap(limitedContainers).flatMap((pod) => {
    const growth = memoryGrowth(pod, steady);
    return growth ? [{ pod, growth }] : [];
  });
  const [first] = growing.sort((a, b) => a.growth.msToLimit - b.growth.msToLimit);
  if (!first) return undefined;
  const { pod, growth } = first;
  const rate = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB/s`;
  return {
    value: growth.msToLimit,
    samples: sum(growing.map(({ growth }) => growth.points)),
    detail: `${pod.name} grows by ${rate(growth.perSecond)} (95 %: ${rate(growth.low)} to ${rate(growth.high)})`,
  };
}

/** The errors of a load, the most frequent first: `12 × HTTP 502, 3 × time-out`. */
export function errorText(load: LoadResult): string {
  const { errors } = load;
  if (countErrors(errors) === 0) return "";
  return countsText([
    ["time-out", errors.timeouts],
    ["closed without a response", errors.closed],
    ["wrong body", errors.wrongBody],
    ["no response by the end", errors.unfinished],
    ...Object.entries(errors.connection),
    ...statusCounts(load),
  ]);
}

function statusCounts({ errors }: LoadResult): [string, number][] {
  return Object.entries(errors.status).map(([status, count]) => [`HTTP ${status}`, count]);
}

function countsText(counts: [string, number][]): string {
  return counts
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([what, count]) => `${count.toLocaleString("en-US")} × ${what}`)
    .join(", ");
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}
