import type { GateMetric } from "../../contract/gate-metrics.ts";
import type { LatencySummary } from "../../measure/latency.ts";
import { countErrors, type LoadResult } from "../load/load-result.ts";
import type { ObservedPod } from "../observe/observer.ts";
import { podsReplaced } from "../observe/pod-history.ts";
import { memoryGrowth, type Period } from "./memory-growth.ts";

/** One figure to be held against a limit. */
export interface Figure {
  /** Null when it could not be measured. */
  value: number | null;
  /** How many requests, memory figures or pods stand behind it. */
  samples: number;
  /** What it is made of, for the reason: `12 × HTTP 502`, or the pods in question. */
  detail: string;
}

const latencyFields: Partial<Record<GateMetric, Exclude<keyof LatencySummary, "curve">>> = {
  p50: "p50Ms",
  p75: "p75Ms",
  p90: "p90Ms",
  p95: "p95Ms",
  p99: "p99Ms",
  "p99.9": "p999Ms",
  mean: "meanMs",
  max: "maxMs",
};

/** The figure of a scenario. Undefined for a metric that scenarios do not have. */
export function scenarioFigure(metric: GateMetric, load: LoadResult): Figure | undefined {
  const { latency, errors, sent } = load;
  const time = (value: number): Figure => ({
    value: Number.isFinite(value) ? value : null,
    samples: latency.count,
    detail: "",
  });
  const rate = (count: number, detail: string): Figure => ({
    value: sent === 0 ? null : count / sent,
    samples: sent,
    detail,
  });
  const latencyField = latencyFields[metric];
  if (latencyField !== undefined) return time(latency[latencyField]);
  switch (metric) {
    case "error_rate":
      return rate(load.failed, errorText(load));
    case "non_2xx_rate":
      return rate(sum(Object.values(errors.status)), statusText(load));
    case "timeout_rate":
      return rate(errors.timeouts, "");
    case "throughput":
      return { value: sent === 0 ? null : load.requestsPerSecond, samples: load.completed, detail: "" };
    case "samples":
      return { value: load.completed, samples: load.completed, detail: "" };
    default:
      return undefined;
  }
}

/**
 * The figure of some pods, which a gate holds against its limit together.
 *
 * @param steady when the load was the same; growth of memory is that of this time
 */
export function podFigure(
  metric: GateMetric,
  pods: readonly ObservedPod[],
  steady?: Period,
): Figure | undefined {
  switch (metric) {
    case "memory_peak":
      return memoryPeak(pods);
    case "memory_time_to_limit":
      return timeToLimit(pods, steady);
    case "restarts":
      return total(pods, (pod) => pod.restarts);
    case "oom_kills":
      return total(pods, (pod) => pod.oomKills);
    case "readiness_flaps":
      return total(pods, (pod) => pod.readinessFlaps);
    case "pods_replaced": {
      const gone = new Set(podsReplaced(pods).map((pod) => pod.uid));
      return total(pods, (pod) => (gone.has(pod.uid) ? 1 : 0));
    }
    default:
      return undefined;
  }
}

/** The fullest pod's share of its limit. */
function memoryPeak(pods: readonly ObservedPod[]): Figure {
  let fullest: ObservedPod | undefined;
  const share = (pod: ObservedPod | undefined) =>
    pod?.peakBytes == null ? null : pod.peakBytes / pod.memoryLimitBytes;
  for (const pod of pods) if ((share(pod) ?? -1) > (share(fullest) ?? -1)) fullest = pod;
  return {
    value: share(fullest),
    samples: sum(pods.map((pod) => pod.samples)),
    detail: fullest
      ? `${fullest.name}: ${mebibytes(fullest.peakBytes ?? 0)} of ${mebibytes(fullest.memoryLimitBytes)}`
      : "",
  };
}

/** The pod that will reach its limit first. Runs too short to tell growth from chance have no such figure. */
function timeToLimit(pods: readonly ObservedPod[], steady?: Period): Figure | undefined {
  const growing = pods.flatMap((pod) => {
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

function total(pods: readonly ObservedPod[], of: (pod: ObservedPod) => number): Figure {
  const concerned = pods.filter((pod) => of(pod) > 0);
  return {
    value: pods.length === 0 ? null : sum(pods.map(of)),
    samples: pods.length,
    detail: concerned.map((pod) => (pod.lastEnd ? `${pod.name} (${pod.lastEnd})` : pod.name)).join(", "),
  };
}

/** What went wrong, the most frequent first: `12 × HTTP 502, 3 × time-out`. */
function errorText(load: LoadResult): string {
  const { errors } = load;
  if (countErrors(errors) === 0) return "";
  return mostFirst([
    ["time-out", errors.timeouts],
    ["closed without an answer", errors.closed],
    ["wrong body", errors.wrongBody],
    ["unanswered at the end", errors.unfinished],
    ...Object.entries(errors.connection),
    ...statuses(load),
  ]);
}

const statusText = (load: LoadResult) => mostFirst(statuses(load));

function statuses(load: LoadResult): [string, number][] {
  return Object.entries(load.errors.status).map(([status, count]): [string, number] => [
    `HTTP ${status}`,
    count,
  ]);
}

function mostFirst(counts: [string, number][]): string {
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
