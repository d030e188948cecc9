import { columns } from "../../host/table.ts";
import { describeRow } from "../compare/repeated-run.ts";
import { describeOutcome } from "../faults/injection.ts";
import type { RunReport } from "../report/report-schema.ts";
import { gateCells, gateHead, scenarioCells, scenarioHead } from "../report/rows.ts";
import type { GateResult } from "../report/schema/gate.ts";

/** All scenarios and all gates as tables for the terminal. */
export function reportTables({ scenarios, gates }: RunReport): string {
  const gateRows = gates.map((gate) => [gateMarks[gate.verdict], ...gateCells(gate), gate.verdict]);
  const gateTable = columns([["", ...gateHead, "verdict"], ...gateRows], [3, 4, 5]);
  if (scenarios.length === 0) return gateTable;
  return `${columns([scenarioHead, ...scenarios.map(scenarioCells)], [1, 2, 3, 4, 5, 6, 7, 8])}\n\n${gateTable}`;
}

/** The last lines of a run: comparison, saved baseline, fault, problems, verdict. */
export function resultLines(report: RunReport): string[] {
  const { comparison, fault, problems, reason, verdict, exitCode, savedBaseline } = report;
  const lines = (comparison?.rows ?? []).map((row) => `${rowMarks[row.verdict]}  ${describeRow(row)}`);
  if (savedBaseline !== null) lines.push(`baseline  ${savedBaseline}`);
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
