import { columns } from "../../host/table.ts";
import { adviceCells, parameterHead, parameterRows, searchCells, searchHead } from "./rows.ts";
import type { CapacityReport } from "./schema.ts";

/** The result for the terminal. */
export function summaryText({
  searches,
  scaling,
  limits,
  sizing,
  notKnown,
  headline,
  exitCode,
}: CapacityReport): string {
  const parts = [columns([searchHead, ...searches.map(searchCells)], [0, 1, 2, 3, 4])];
  if (scaling)
    parts.push(
      columns([parameterHead.slice(0, 3), ...parameterRows(scaling).map((row) => row.slice(0, 3))], [1]),
    );
  if (limits.length > 0)
    parts.push(limits.map(({ pods, sentence }) => `limit    ${podsText(pods)}: ${sentence}`).join("\n"));
  if (sizing)
    parts.push(
      [
        `sizes    ${sizing.sentence}`,
        columns(
          sizing.advice.map((advice) => ["        ", ...adviceCells(advice)]),
          [],
        ),
      ].join("\n"),
    );
  if (notKnown.length > 0) parts.push(notKnown.map((text) => `!  ${text}`).join("\n"));
  parts.push(`${exitCode === 0 ? "✓" : "✗"} ${headline}`);
  return parts.join("\n\n");
}

/** `1 pod`, `2 pods`. */
export const podsText = (pods: number): string => `${pods} ${pods === 1 ? "pod" : "pods"}`;
