import { formatChange } from "../compare/compare-runs.ts";
import { describeOutcome } from "../faults/injection.ts";
import { formatLimit, formatMs, formatValue } from "../gates/format-value.ts";
import type { RunReport } from "./report-schema.ts";
import type { GateResult } from "./schema/gate.ts";

/**
 * The report as a short Markdown text, for the summary of a CI job or a comment on a pull request: verdict, reason,
 * all gates with the ones that did not pass first, and the results of each scenario.
 */
export function markdownReport(report: RunReport): string {
  const problems = report.problems.filter((problem) => problem !== report.reason);
  const blocks = [
    `## ${marks[report.verdict]} Load test of ${inline(report.stack)}: ${inline(report.verdict)}`,
    inline(report.reason),
    problems.map((problem) => `- ${inline(problem)}`).join("\n"),
    report.fault ? `Fault: ${inline(describeOutcome(report.fault))}` : "",
    comparisonTable(report),
    gateTable(report),
    scenarioTable(report),
    "Plots, pods and events: [report.html](report.html), beside this file.",
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

const marks: Record<RunReport["verdict"] | GateResult["verdict"], string> = {
  pass: "✓",
  fail: "✗",
  "gate failed": "✗",
  broken: "✗",
  "not measured": "?",
  invalid: "?",
};

/** Text on one line, for a table's cell or elsewhere. Markdown and HTML in it are escaped. */
export function inline(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[\\`*[\]<>|#~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&");
}

function gateTable({ gates }: RunReport): string {
  if (gates.length === 0) return "";
  const urgent = ({ verdict }: GateResult) => (verdict === "fail" ? 2 : verdict === "pass" ? 0 : 1);
  const rows = [...gates]
    .sort((a, b) => urgent(b) - urgent(a))
    .map((gate) => [
      `${marks[gate.verdict]} ${gate.verdict}`,
      gate.metric,
      gate.subject,
      gate.value === null ? "–" : formatValue(gate.value, gate.unit),
      formatLimit(gate),
      gate.samples.toLocaleString("en-US"),
    ]);
  return table(["verdict", "gate", "of", "value", "limit", "samples"], rows, 3);
}

function comparisonTable({ comparison }: RunReport): string {
  if (!comparison) return "";
  const rows = comparison.rows.map(({ verdict, scenario, metric, ratio, low, high }) => [
    verdict,
    scenario,
    metric,
    formatChange(ratio),
    `${formatChange(low)} to ${formatChange(high)}`,
  ]);
  const what = comparison.before.savedAt === null ? "image B against A" : "against the baseline";
  return table([what, "scenario", "metric", "change", "99 % interval"], rows, 3);
}

function scenarioTable({ scenarios }: RunReport): string {
  if (scenarios.length === 0) return "";
  const rows = scenarios.map(({ scenario, completed, failed, requestsPerSecond, latency }) => [
    scenario,
    completed.toLocaleString("en-US"),
    failed.toLocaleString("en-US"),
    Math.round(requestsPerSecond).toLocaleString("en-US"),
    ...[latency.p50Ms, latency.p95Ms, latency.p99Ms, latency.p999Ms, latency.maxMs].map(formatMs),
  ]);
  const head = ["scenario", "answered", "failed", "requests/s", "p50", "p95", "p99", "p99.9", "max"];
  return table(head, rows, 1);
}

/** @param numericFrom index of the first right-aligned column */
function table(head: string[], rows: string[][], numericFrom: number): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    line(head.map((_, index) => (index >= numericFrom ? "---:" : "---"))),
    ...rows.map((row) => line(row.map(inline))),
  ].join("\n");
}
