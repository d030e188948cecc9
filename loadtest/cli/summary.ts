import { columns } from "../../host/table.ts";
import { baselinePath } from "../compare/baseline.ts";
import { describeRow } from "../compare/repeated-run.ts";
import { describeOutcome } from "../faults/injection.ts";
import { formatLimit, formatMs, formatValue } from "../gates/format-value.ts";
import type { RunReport } from "../report/report-schema.ts";
import type { GateResult } from "../report/schema/gate.ts";
import type { Command } from "./command-line.ts";

/** All scenarios and all gates as tables for the terminal. */
export function reportTables(report: RunReport): string {
  const scenarios = report.scenarios.map(({ scenario, completed, failed, requestsPerSecond, latency }) => [
    scenario,
    completed.toLocaleString("en-US"),
    failed.toLocaleString("en-US"),
    Math.round(requestsPerSecond).toLocaleString("en-US"),
    ...[latency.p50Ms, latency.p95Ms, latency.p99Ms, latency.maxMs].map(formatMs),
  ]);
  const head = ["scenario", "answered", "failed", "req/s", "p50", "p95", "p99", "max"];
  const gates = report.gates.map((gate) => [
    gateMarks[gate.verdict],
    gate.metric,
    gate.subject,
    gate.value === null ? "not measured" : formatValue(gate.value, gate.unit),
    formatLimit(gate),
    gate.samples.toLocaleString("en-US"),
    gate.verdict,
  ]);
  return [
    ...(scenarios.length === 0 ? [] : [columns([head, ...scenarios], [1, 2, 3, 4, 5, 6, 7])]),
    columns([["", "gate", "of", "value", "limit", "samples", "verdict"], ...gates], [3, 4, 5]),
  ].join("\n\n");
}

/** The last lines of a run: comparison, saved baseline, fault, problems, verdict. */
export function resultLines(report: RunReport, { purpose }: Pick<Command, "purpose">): string[] {
  const { comparison, fault, problems, reason, verdict, exitCode } = report;
  const lines = (comparison?.rows ?? []).map((row) => `${rowMarks[row.verdict]}  ${describeRow(row)}`);
  if (purpose === "save" && problems.length === 0) lines.push(`baseline  ${baselinePath(report.stack)}`);
  if (fault) lines.push(`fault   ${describeOutcome(fault)}`);
  for (const problem of problems) if (problem !== reason) lines.push(`!  ${problem}`);
  lines.push(`${exitCode === 0 ? "✓" : "✗"} ${verdict}: ${reason}`);
  return lines;
}

const gateMarks: Record<GateResult["verdict"], string> = {
  pass: "✓",
  fail: "✗",
  "not measured": "?",
  invalid: "~",
};
const rowMarks = { better: "+", same: "=", worse: "✗" };
