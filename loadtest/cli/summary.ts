import { formatValue, type GateResult } from "../gates/gates.ts";
import type { RunReport } from "../report/run-report.ts";

/** Rows of cells in columns as wide as their widest cell, each row as long as the first; columns named in `right` are right-aligned. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, at) =>
          right.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Scenario figures and all gates, for the terminal. */
export function reportTables(report: RunReport): string {
  const ms = (value: number) => (Number.isFinite(value) ? formatValue(value, "time") : "–");
  const scenarios = report.scenarios.map((load) => [
    load.scenario,
    load.completed.toLocaleString("en-US"),
    load.failed.toLocaleString("en-US"),
    Math.round(load.requestsPerSecond).toLocaleString("en-US"),
    ms(load.latency.p50Ms),
    ms(load.latency.p95Ms),
    ms(load.latency.p99Ms),
    ms(load.latency.maxMs),
  ]);
  const head = ["scenario", "answered", "failed", "req/s", "p50", "p95", "p99", "max"];
  const gates = report.gates.map((gate) => [
    marks[gate.verdict],
    gate.metric,
    gate.subject,
    gate.value === null ? "not measured" : formatValue(gate.value, gate.unit),
    `${gate.rule === "at most" ? "≤" : "≥"} ${formatValue(gate.limit, gate.unit)}`,
    gate.samples.toLocaleString("en-US"),
    gate.verdict,
  ]);
  return [
    ...(scenarios.length === 0 ? [] : [columns([head, ...scenarios], [1, 2, 3, 4, 5, 6, 7])]),
    columns([["", "gate", "of", "value", "limit", "samples", "verdict"], ...gates], [3, 4, 5]),
  ].join("\n\n");
}

const marks: Record<GateResult["verdict"], string> = {
  pass: "✓",
  fail: "✗",
  "not measured": "?",
  invalid: "~",
};
