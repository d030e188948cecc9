import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { baselinePath } from "../../compare/baseline.ts";
import type { Cell } from "./cells.ts";

/** The result of one cell. */
export interface JudgedCell extends Pick<Cell, "mode" | "misbehaviour"> {
  seconds: number;
  exitCode: number | null;
  reason: string;
  /** Why the verdict is not the scripted one; empty when it is. */
  wrong: string;
}

/** Runs a cell and compares its verdict with the scripted one. */
export async function judgeCell(cell: Cell, stack: string): Promise<JudgedCell> {
  const startedMs = performance.now();
  const { exitCode, report, output } = await cell.run(stack);
  const saved = await removeBaselines(stack);
  const { expected } = cell;
  const texts = report
    ? [report.reason, ...report.problems, ...report.gates.map(({ reason }) => reason)]
    : [output];
  const wrong = [
    exitCode === expected.exitCode ? "" : `exit code ${exitCode} instead of ${expected.exitCode}`,
    texts.some((text) => expected.says.test(text)) ? "" : `nothing says ${expected.says}`,
    expected.saves === undefined || expected.saves === saved
      ? ""
      : `a baseline was ${saved ? "" : "not "}saved`,
  ];
  const lastLine = output.trim().split("\n").at(-1) ?? "";
  return {
    mode: cell.mode,
    misbehaviour: cell.misbehaviour,
    seconds: (performance.now() - startedMs) / 1000,
    exitCode,
    reason: report?.reason ?? lastLine,
    wrong: wrong.filter((text) => text !== "").join("; "),
  };
}

/** @returns whether there were any */
async function removeBaselines(stack: string): Promise<boolean> {
  const folder = dirname(baselinePath(stack));
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.startsWith(stack));
  for (const file of files) await rm(join(folder, file));
  return files.length > 0;
}
