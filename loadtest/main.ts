import type { StackOutputs } from "../contract/outputs.ts";
import { exitCodes, UserError } from "../contract/user-error.ts";
import { type Command, helpText, parseCommand } from "./cli/command-line.ts";
import { outputsOfFile, outputsOfStack } from "./cli/outputs.ts";
import { reportTables } from "./cli/summary.ts";
import { baselinePath } from "./compare/baseline.ts";
import { describeRow } from "./compare/repeated-run.ts";
import { describeOutcome } from "./faults/injection.ts";
import { chooseScenarios } from "./load/scenarios.ts";
import { Progress } from "./progress.ts";
import { leaveFolder, reportFolder, writeReport } from "./report/files.ts";
import { runLoadTest } from "./run.ts";

const marks = { better: "+", same: "=", worse: "✗" };

process.exitCode = await main(process.argv.slice(2)).catch(tell);

async function main(args: string[]): Promise<number> {
  const given = parseCommand(args, process.env);
  const command = withUsualTimes(given);
  if (command.help) {
    console.log(helpText);
    return 0;
  }
  const interrupted = new AbortController();
  let interruptedMs = 0;
  const interrupt = () => {
    // A terminal's Ctrl-C may arrive twice, once from the terminal and once from npm; a later one means it.
    if (interruptedMs > 0 && Date.now() - interruptedMs > 1000) process.exit(exitCodes.broken);
    interruptedMs ||= Date.now();
    interrupted.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);

  const outputs = await (command.outputs ? outputsOfFile(command.outputs) : outputsOfStack(command.stack));
  const scenarios = chooseScenarios(outputs.loadtest.scenarios, scenariosOf(command, outputs));
  const folder = await reportFolder(command.out);
  const progress = new Progress(process.stderr);
  const report = await runLoadTest(command, outputs, scenarios, progress, interrupted.signal)
    .catch(async (error) => {
      await leaveFolder(folder);
      throw error;
    })
    .finally(() => progress.end());
  console.log(`\n${reportTables(report)}\n`);
  const unwritten = await writeReport(folder, report, command.json).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (unwritten === undefined) console.log(`report  ${folder.html}`);
  else tell(unwritten);
  for (const row of report.comparison?.rows ?? []) console.log(`${marks[row.verdict]}  ${describeRow(row)}`);
  if (command.purpose === "save" && report.problems.length === 0)
    console.log(`baseline  ${baselinePath(report.stack)}`);
  if (report.fault) console.log(`fault   ${describeOutcome(report.fault)}`);
  for (const problem of report.problems) if (problem !== report.reason) console.log(`!  ${problem}`);
  console.log(`${report.exitCode === 0 ? "✓" : "✗"} ${report.verdict}: ${report.reason}`);
  // What the run found outranks that it cannot be kept.
  return unwritten === undefined || report.exitCode !== 0 ? report.exitCode : exitCodes.broken;
}

/** A fault needs time to be recovered from, a repeat need not be long. */
function withUsualTimes(command: Command): Command {
  const { durationSeconds, warmupSeconds } = command;
  if (command.fault) return { ...command, durationSeconds: durationSeconds ?? 20 };
  if (!command.purpose && !command.images) return command;
  return { ...command, durationSeconds: durationSeconds ?? 5, warmupSeconds: warmupSeconds ?? 1 };
}

/** A fault is looked at with one scenario that asks all parts of the stack, unless others are named. */
function scenariosOf(command: Command, { loadtest }: StackOutputs): readonly string[] {
  if (command.fault === undefined || command.scenarios.length > 0) return command.scenarios;
  return loadtest.scenarios.some(({ name }) => name === "write-mix") ? ["write-mix"] : [];
}

function tell(error: unknown): number {
  if (error instanceof UserError) {
    console.error(`✗ ${error.message}\n  ${error.fix}`);
    return error.exitCode;
  }
  console.error(error);
  return exitCodes.broken;
}
