import { columns } from "../../../host/table.ts";
import { allCells } from "./cells.ts";
import { makeCertificate } from "./certificates.ts";
import { type JudgedCell, judgeCell } from "./judge-cell.ts";

/**
 * Runs the table of the oracle and prints it: the real load test against a server that misbehaves by a script.
 *
 * @param rounds how often each cell runs
 * @param wanted only cells whose mode or misbehaviour contains this text; "" for all
 * @returns the exit code: 1 when a verdict is not the scripted one
 */
export async function proveOracle(rounds: number, wanted: string): Promise<number> {
  const tls = await makeCertificate();
  const chosen = allCells(tls).filter(({ mode, misbehaviour }) =>
    `${mode}: ${misbehaviour}`.includes(wanted),
  );
  const judged: JudgedCell[] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const [index, cell] of chosen.entries()) {
        const result = await judgeCell(cell, `oracle-${process.pid}-${index}`);
        judged.push(result);
        const mark = result.wrong === "" ? "✓" : "✗";
        console.error(`${mark} ${cell.mode}: ${cell.misbehaviour}  ${result.wrong}`);
      }
    }
  } finally {
    await tls.remove();
  }
  console.log(table(judged));
  const wrong = judged.filter((cell) => cell.wrong !== "").length;
  console.log(`\n${judged.length} cells, ${wrong} wrong verdicts`);
  return wrong === 0 && judged.length > 0 ? 0 : 1;
}

function table(judged: readonly JudgedCell[]): string {
  const rows = judged.map(({ mode, misbehaviour, exitCode, seconds, reason, wrong }) => [
    wrong === "" ? "✓" : "✗",
    mode,
    misbehaviour,
    String(exitCode),
    seconds.toFixed(0),
    reason.slice(0, 110),
  ]);
  return columns([["", "mode", "the server", "exit", "s", "reason"], ...rows], [3, 4]);
}
