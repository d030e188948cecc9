import { exitCodes } from "../contract/user-error.ts";
import { printError } from "../host/print-error.ts";
import { StepPrinter } from "../host/steps.ts";
import { type Command, helpText, parseCommand } from "./cli/command-line.ts";
import { outputsOfFile, outputsOfStack } from "./cli/outputs.ts";
import { reportTables, resultLines } from "./cli/summary.ts";
import { chooseScenarios, type DefinedScenarios } from "./load/scenarios.ts";
import { removeIfEmpty, reportFolder, writeReport } from "./report/files.ts";
import { runLoadTest } from "./run.ts";
import { Run } from "./run-context.ts";

process.exitCode = await main(process.argv.slice(2)).catch(printError);

async function main(args: string[]): Promise<number> {
  const command = parseCommand(args, process.env);
  if (command.help) {
    console.log(helpText);
    return 0;
  }
  const signal = abortOnInterrupt();
  const outputs = await (command.outputs ? outputsOfFile(command.outputs) : outputsOfStack(command.stack));
  const defined = outputs.loadtest.scenarios;
  const scenarios = chooseScenarios(defined, scenarioNames(command, defined));
  const folder = await reportFolder(command.out);
  const progress = new StepPrinter(process.stderr, 5000);
  const run = new Run({ command, outputs, scenarios, progress, signal });
  const report = await runLoadTest(run)
    .catch(async (error) => {
      await removeIfEmpty(folder);
      throw error;
    })
    .finally(() => progress.end());
  console.log(`\n${reportTables(report)}\n`);
  const writeError = await writeReport(folder, report, command.json).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (writeError === undefined) console.log(`report  ${folder.html}`);
  else printError(writeError);
  for (const line of resultLines(report, command)) console.log(line);
  // A failed run outranks a report that could not be written.
  return writeError === undefined || report.exitCode !== 0 ? report.exitCode : exitCodes.broken;
}

/** A signal that the first SIGINT or SIGTERM aborts. One that comes more than a second later ends the process. */
function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  let firstMs = 0;
  const interrupt = () => {
    // One Ctrl-C may arrive twice: from the terminal, and from npm.
    if (firstMs > 0 && Date.now() - firstMs > 1000) process.exit(exitCodes.broken);
    firstMs ||= Date.now();
    controller.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  return controller.signal;
}

/** The named scenarios. A fault without any has the one that uses all parts of the stack. */
function scenarioNames({ scenarios, fault }: Command, defined: DefinedScenarios): readonly string[] {
  if (fault === undefined || scenarios.length > 0) return scenarios;
  return defined.some(({ name }) => name === "write-mix") ? ["write-mix"] : [];
}
