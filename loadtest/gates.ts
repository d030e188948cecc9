import type { GateLimits } from "../k8s/stack-outputs.ts";
import { countErrors, type LoadResult } from "./load.ts";
import type { ObservedPod } from "./observe.ts";
import { podsReplaced } from "./pod-ledger.ts";

export type Metric =
  | "error_rate"
  | "non_2xx_rate"
  | "p99"
  | "samples"
  | "memory_peak"
  | "restarts"
  | "oom_kills"
  | "pods_replaced";

/** `share` is 0 … 1, `ms` milliseconds, `count` a whole number. */
export type Unit = "share" | "ms" | "count";

/** One gate, judged. Reads as "metric of subject is value, limit limit, over samples". */
export interface GateResult {
  metric: Metric;
  /** The scenario or workload that it is about; `all pods` for what is counted over the whole stack. */
  subject: string;
  unit: Unit;
  /** Null when it could not be measured. */
  value: number | null;
  limit: number;
  /** `samples` must reach its limit; every other value must not pass it. */
  rule: "at most" | "at least";
  /** How many requests, memory figures or pods stand behind the value. */
  samples: number;
  verdict: "pass" | "fail" | "not measured";
  /** The verdict as one sentence. */
  reason: string;
}

/** Judges what was measured against the limits. Pure; one row for each gate, those that pass included. */
export function judgeGates(
  limits: GateLimits,
  loads: readonly LoadResult[],
  pods: readonly ObservedPod[],
): GateResult[] {
  return [
    ...loads.flatMap((load) => loadGates(limits, load)),
    ...memoryGates(limits, pods),
    ...podGates(limits, pods),
  ];
}

function loadGates(limits: GateLimits, load: LoadResult): GateResult[] {
  const subject = load.scenario;
  const non2xx = Object.values(load.errors.status).reduce((sum, count) => sum + count, 0);
  const rate = (count: number) => (load.sent === 0 ? null : count / load.sent);
  const requests = load.sent;
  const gates = [
    gate("error_rate", subject, "share", rate(load.failed), limits.errorRate, requests, errorText(load)),
    gate("non_2xx_rate", subject, "share", rate(non2xx), limits.errorRate, requests, statusText(load)),
  ];
  const p99Limit = limits.p99Ms[subject];
  if (p99Limit !== undefined) {
    const p99 = Number.isNaN(load.latency.p99Ms) ? null : load.latency.p99Ms;
    gates.push(gate("p99", subject, "ms", p99, p99Limit, load.latency.count));
  }
  gates.push(gate("samples", subject, "count", load.completed, limits.minSamples, load.completed));
  return gates;
}

/** One gate per workload, by its fullest pod. */
function memoryGates(limits: GateLimits, pods: readonly ObservedPod[]): GateResult[] {
  return [...new Set(pods.map((pod) => pod.workload))].map((workload) => {
    const own = pods.filter((pod) => pod.workload === workload);
    let fullest: ObservedPod | undefined;
    const share = (pod: ObservedPod | undefined) =>
      pod?.peakBytes == null ? null : pod.peakBytes / pod.memoryLimitBytes;
    for (const pod of own) if ((share(pod) ?? -1) > (share(fullest) ?? -1)) fullest = pod;
    const samples = own.reduce((sum, pod) => sum + pod.samples, 0);
    const detail = fullest
      ? `${fullest.name}: ${mebibytes(fullest.peakBytes ?? 0)} of ${mebibytes(fullest.memoryLimitBytes)}`
      : "";
    return gate("memory_peak", workload, "share", share(fullest), limits.memoryPeak, samples, detail);
  });
}

function podGates(limits: GateLimits, pods: readonly ObservedPod[]): GateResult[] {
  const total = (of: (pod: ObservedPod) => number) =>
    pods.length === 0 ? null : pods.reduce((sum, pod) => sum + of(pod), 0);
  const list = (named: readonly ObservedPod[]) =>
    named.map((pod) => (pod.lastEnd ? `${pod.name} (${pod.lastEnd})` : pod.name)).join(", ");
  const gone = new Set(podsReplaced(pods).map((pod) => pod.uid));
  const all = "all pods";
  return [
    gate(
      "restarts",
      all,
      "count",
      total((pod) => pod.restarts),
      limits.restarts,
      pods.length,
      list(pods.filter((pod) => pod.restarts > 0)),
    ),
    gate(
      "oom_kills",
      all,
      "count",
      total((pod) => pod.oomKills),
      limits.oomKills,
      pods.length,
      list(pods.filter((pod) => pod.oomKills > 0)),
    ),
    gate(
      "pods_replaced",
      all,
      "count",
      total((pod) => (gone.has(pod.uid) ? 1 : 0)),
      limits.podsReplaced,
      pods.length,
      list(pods.filter((pod) => gone.has(pod.uid))),
    ),
  ];
}

function gate(
  metric: Metric,
  subject: string,
  unit: Unit,
  value: number | null,
  limit: number,
  samples: number,
  detail = "",
): GateResult {
  const rule = metric === "samples" ? "at least" : "at most";
  const kept = value !== null && (rule === "at least" ? value >= limit : value <= limit);
  const verdict = value === null ? "not measured" : kept ? "pass" : "fail";
  const is = value === null ? "was not measured" : `is ${formatValue(value, unit)}`;
  const of = `${metric} of ${subject} ${is}, ${rule} ${formatValue(limit, unit)} is allowed`;
  return {
    metric,
    subject,
    unit,
    value,
    limit,
    rule,
    samples,
    verdict,
    reason: detail ? `${of}: ${detail}` : of,
  };
}

/** `12.3 ms`, `0.04 %`, `41,234`. A share that is not zero never reads as zero. */
export function formatValue(value: number, unit: Unit): string {
  if (unit === "count") return value.toLocaleString("en-US");
  if (unit === "ms") return `${value < 100 ? value.toFixed(1) : value.toFixed(0)} ms`;
  const percent = value * 100;
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  return `${Number(percent.toFixed(percent < 1 ? 2 : 1))} %`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}

/** What went wrong, the most frequent first: `12 × HTTP 502, 3 × time-out`. */
function errorText(load: LoadResult): string {
  const { errors } = load;
  if (countErrors(errors) === 0) return "";
  const counts: [string, number][] = [
    ["time-out", errors.timeouts],
    ["closed without an answer", errors.closed],
    ["wrong body", errors.wrongBody],
    ["unanswered at the end", errors.unfinished],
    ...Object.entries(errors.connection),
    ...Object.entries(errors.status).map(([status, count]): [string, number] => [`HTTP ${status}`, count]),
  ];
  return mostFirst(counts);
}

function statusText(load: LoadResult): string {
  return mostFirst(
    Object.entries(load.errors.status).map(([status, count]): [string, number] => [`HTTP ${status}`, count]),
  );
}

function mostFirst(counts: [string, number][]): string {
  return counts
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([what, count]) => `${count.toLocaleString("en-US")} × ${what}`)
    .join(", ");
}
