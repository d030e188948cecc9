/** Unit of a limit: `share` 0 … 1 (`1 %`), `time` in ms (`250 ms`), `rate` per second, `count` a whole number. */
export type GateUnit = "share" | "time" | "rate" | "count";

/** One metric that a gate can limit. */
export interface GateMetricSpec {
  unit: GateUnit;
  /** Whether a limit is a maximum or a minimum. */
  rule: "at most" | "at least";
  /** Whether the metric describes the requests of a scenario, or the pods of a workload. */
  scope: "scenario" | "workload";
  /** Counts bad responses. Such a metric stays true when the load generator was too slow or was interrupted. */
  isError?: true;
  /** A gate on all workloads judges each of them separately. Without it their counts are added up. */
  perWorkload?: true;
  /** What the metric measures; part of the configuration reference. */
  doc: string;
}

/** Every metric that a gate can limit. `loadtest/gates/metrics.ts` has the computation of each. */
export const gateMetrics = {
  p50: { unit: "time", rule: "at most", scope: "scenario", doc: "Median latency." },
  p75: { unit: "time", rule: "at most", scope: "scenario", doc: "75th percentile of the latency." },
  p90: { unit: "time", rule: "at most", scope: "scenario", doc: "90th percentile of the latency." },
  p95: { unit: "time", rule: "at most", scope: "scenario", doc: "95th percentile of the latency." },
  p99: { unit: "time", rule: "at most", scope: "scenario", doc: "99th percentile of the latency." },
  "p99.9": { unit: "time", rule: "at most", scope: "scenario", doc: "99.9th percentile of the latency." },
  mean: { unit: "time", rule: "at most", scope: "scenario", doc: "Mean latency." },
  max: { unit: "time", rule: "at most", scope: "scenario", doc: "Longest latency." },
  error_rate: {
    unit: "share",
    rule: "at most",
    scope: "scenario",
    isError: true,
    doc: "Share of the requests that failed in any way: status, time-out, connection error, wrong body.",
  },
  non_2xx_rate: {
    unit: "share",
    rule: "at most",
    scope: "scenario",
    isError: true,
    doc: "Share of the requests whose response has a status outside 200 to 299.",
  },
  timeout_rate: {
    unit: "share",
    rule: "at most",
    scope: "scenario",
    isError: true,
    doc: "Share of the requests without a response after 10 s, or at a fixed rate without a free connection.",
  },
  throughput: {
    unit: "rate",
    rule: "at least",
    scope: "scenario",
    doc: "Good responses within the measured time, per second.",
  },
  samples: {
    unit: "count",
    rule: "at least",
    scope: "scenario",
    doc: "Good responses to the requests of the measured time. A minimum makes sure that percentiles are computed from enough of them.",
  },
  memory_peak: {
    unit: "share",
    rule: "at most",
    scope: "workload",
    perWorkload: true,
    doc: "Highest memory use of any container of the workload, sidecars included, as a share of its own memory limit.",
  },
  memory_time_to_limit: {
    unit: "time",
    rule: "at least",
    scope: "workload",
    perWorkload: true,
    doc: "Time until a pod of the workload reaches its memory limit, if its memory goes on growing as in the run.",
  },
  restarts: {
    unit: "count",
    rule: "at most",
    scope: "workload",
    doc: "Container restarts during the run.",
  },
  oom_kills: {
    unit: "count",
    rule: "at most",
    scope: "workload",
    doc: "Containers that the kernel killed because they reached their memory limit.",
  },
  pods_replaced: {
    unit: "count",
    rule: "at most",
    scope: "workload",
    doc: "Pods that went away during the run, but for those that an autoscaler removed.",
  },
  readiness_flaps: {
    unit: "count",
    rule: "at most",
    scope: "workload",
    doc: "Times that a ready pod became not ready.",
  },
} as const satisfies Record<string, GateMetricSpec>;

export type GateMetric = keyof typeof gateMetrics;

/** The metrics of one scope. */
export type GateMetricOf<Scope extends GateMetricSpec["scope"]> = {
  [Metric in GateMetric]: (typeof gateMetrics)[Metric]["scope"] extends Scope ? Metric : never;
}[GateMetric];

/** A limit on one metric of every run. */
export interface GateConfig {
  metric: GateMetric;
  /** Limit in the metric's unit; null: no gate on this metric. */
  limit: number | null;
  /** The only scenario that the gate is on. Such a gate takes precedence over a gate on all scenarios. */
  scenario?: string;
  /** The only workload that the gate is on. Such a gate takes precedence over a gate on all workloads. */
  workload?: string;
}
