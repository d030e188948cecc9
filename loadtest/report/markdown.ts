import { describeOutcome } from "../faults/injection.ts";
import type { RunReport } from "./report-schema.ts";
import {
  comparisonCells,
  comparisonHead,
  gateCells,
  gateHead,
  scenarioCells,
  scenarioHead,
  verdictClasses,
} from "./rows.ts";

/**
 * The report as a short Markdown text, for the summary of a CI job or a comment on a pull request: verdict, reason,
 * all gates with the ones that did not pass first, and the results of each scenario.
 */
export function markdownReport(report: RunReport): string {
  const problems = report.problems.filter((problem) => problem !== report.reason);
  const blocks = [
    `## ${marks[verdictClasses[report.verdict]]} Load test of ${inline(report.stack)}: ${inline(report.verdict)}`,
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

const marks = { pass: "✓", fail: "✗", unknown: "?" };

/** Text on one line, for a table's cell or elsewhere. Markdown and HTML in it are escaped. */
export function inline(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[\\`*[\]<>|#~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\$&");
}

function gateTable({ gates }: RunReport): string {
  if (gates.length === 0) return "";
  const urgency = { fail: 0, "not measured": 1, invalid: 1, pass: 2 };
  const rows = [...gates]
    .sort((a, b) => urgency[a.verdict] - urgency[b.verdict])
    .map((gate) => [`${marks[verdictClasses[gate.verdict]]} ${gate.verdict}`, ...gateCells(gate)]);
  return table(["verdict", ...gateHead], rows, 3);
}

function comparisonTable({ comparison }: RunReport): string {
  if (!comparison) return "";
  const what = comparison.before.savedAt === null ? "image B against A" : "against the baseline";
  const rows = comparison.rows.map((row) => [row.verdict, ...comparisonCells(row)]);
  return table([what, ...comparisonHead], rows, 3);
}

function scenarioTable({ scenarios }: RunReport): string {
  return scenarios.length === 0 ? "" : table(scenarioHead, scenarios.map(scenarioCells), 1);
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
