/** How a gate's limit is written and counted: `share` 0 … 1 (`1 %`), `time` in ms (`250 ms`), `rate` per second, `count`. */
export type GateUnit = "share" | "time" | "rate" | "count";

/** What a gate may be about, how its limit is written, whether it is a ceiling or a floor, and whose figure it is. */
export const gateMetrics = {
  p50: { unit: "time", rule: "at most", of: "scenario" },
  p75: { unit: "time", rule: "at most", of: "scenario" },
  p90: { unit: "time", rule: "at most", of: "scenario" },
  p95: { unit: "time", rule: "at most", of: "scenario" },
  p99: { unit: "time", rule: "at most", of: "scenario" },
  "p99.9": { unit: "time", rule: "at most", of: "scenario" },
  mean: { unit: "time", rule: "at most", of: "scenario" },
  max: { unit: "time", rule: "at most", of: "scenario" },
  error_rate: { unit: "share", rule: "at most", of: "scenario" },
  non_2xx_rate: { unit: "share", rule: "at most", of: "scenario" },
  timeout_rate: { unit: "share", rule: "at most", of: "scenario" },
  throughput: { unit: "rate", rule: "at least", of: "scenario" },
  samples: { unit: "count", rule: "at least", of: "scenario" },
  memory_peak: { unit: "share", rule: "at most", of: "workload" },
  memory_time_to_limit: { unit: "time", rule: "at least", of: "workload" },
  restarts: { unit: "count", rule: "at most", of: "workload" },
  oom_kills: { unit: "count", rule: "at most", of: "workload" },
  pods_replaced: { unit: "count", rule: "at most", of: "workload" },
  readiness_flaps: { unit: "count", rule: "at most", of: "workload" },
} as const satisfies Record<
  string,
  { unit: GateUnit; rule: "at most" | "at least"; of: "scenario" | "workload" }
>;

export type GateMetric = keyof typeof gateMetrics;

/** A limit on one figure of every run. */
export interface GateConfig {
  metric: GateMetric;
  /** A share 0 … 1, milliseconds, requests per second, or a number of things, by the metric's unit; null: no such gate. */
  limit: number | null;
  /** Only this scenario; it outranks a gate on all of them. */
  scenario?: string;
  /** Only this workload; it outranks a gate on all of them. */
  workload?: string;
}
