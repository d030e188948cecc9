import { formatChange } from "../compare/compare-runs.ts";
import { formatMs, formatValue } from "../gates/format-value.ts";
import type { RunReport, ScenarioReport } from "./report-schema.ts";
import type { ComparedRow } from "./schema/comparison.ts";
import type { GateResult } from "./schema/gate.ts";

/** The class of a verdict: good, bad, or without a result. */
export const verdictClasses: Record<
  RunReport["verdict"] | GateResult["verdict"],
  "pass" | "fail" | "unknown"
> = {
  pass: "pass",
  fail: "fail",
  "gate failed": "fail",
  broken: "fail",
  "not measured": "unknown",
  invalid: "unknown",
};

export const gateHead = ["gate", "of", "value", "limit", "samples"];

/** The cells of a gate below `gateHead`. */
export function gateCells({
  metric,
  subject,
  value,
  unit,
  rule,
  limit,
  samples,
  expected,
}: GateResult): string[] {
  const shown = value === null ? "–" : formatValue(value, unit);
  return [
    metric,
    subject,
    expected > 0 ? `${shown}, of which ${expected} expected` : shown,
    `${rule === "at most" ? "≤" : "≥"} ${formatValue(limit, unit)}`,
    formatValue(samples, "count"),
  ];
}

export const scenarioHead = [
  "scenario",
  "answered",
  "failed",
  "requests/s",
  "p50",
  "p95",
  "p99",
  "p99.9",
  "max",
];

/** The cells of a scenario, or of one of its turns, below `scenarioHead`. */
export function scenarioCells({
  scenario,
  turn,
  completed,
  failed,
  requestsPerSecond,
  latency,
}: ScenarioReport): string[] {
  const counts = [completed, failed, Math.round(requestsPerSecond)];
  const times = [latency.p50Ms, latency.p95Ms, latency.p99Ms, latency.p999Ms, latency.maxMs];
  const name = turn ? `${scenario} ${turn.number}/${turn.total}` : scenario;
  return [name, ...counts.map((value) => formatValue(value, "count")), ...times.map(formatMs)];
}

export const comparisonHead = ["scenario", "metric", "change", "99 % interval"];

/** The cells of a comparison's row below `comparisonHead`. */
export function comparisonCells({ scenario, metric, ratio, low, high }: ComparedRow): string[] {
  return [scenario, metric, formatChange(ratio), `${formatChange(low)} to ${formatChange(high)}`];
}
