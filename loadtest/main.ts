import type { StackOutputs } from "../contract/outputs.ts";
import { exitCodes } from "../contract/user-error.ts";
import { printError } from "../host/print-error.ts";
import { StepPrinter } from "../host/steps.ts";
import { abortWithParent } from "./abort-with-parent.ts";
import { type Command, helpText, parseCommand } from "./cli/command-line.ts";
import { outputsOfFile, outputsOfStack } from "./cli/outputs.ts";
import { reportTables, resultLines } from "./cli/summary.ts";
import { type FoundCluster, findCluster } from "./cluster-search.ts";
import { wrongUsage } from "./errors.ts";
import { compileRequests } from "./load/request-trial.ts";
import { chooseScenarios, type DefinedScenarios } from "./load/scenarios.ts";
import { tlsSettingsOf } from "./load/tls.ts";
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
  if (command.from !== undefined)
    throw wrongUsage("--from is an option of npm run loadtest, which knows the project");
  const signal = abortOnInterrupt();
  const deployed = await (command.outputs ? outputsOfFile(command.outputs) : outputsOfStack(command.stack));
  const defined = deployed.loadtest.scenarios;
  const scenarios = chooseScenarios(defined, scenarioNames(command, defined), deployed.loadtest.requests);
  compileRequests(scenarios);
  const outputs = { ...deployed, cluster: await clusterOf(deployed, command) };
  const tls = await tlsSettingsOf(command, trustOf(deployed, command));
  const folder = await reportFolder(command.out);
  const progress = new StepPrinter(process.stderr, 5000);
  const run = new Run({ command, outputs, scenarios, progress, signal, tls });
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
  for (const line of resultLines(report)) console.log(line);
  // A failed run outranks a report that could not be written.
  return writeError === undefined || report.exitCode !== 0 ? report.exitCode : exitCodes.broken;
}

/** This user's access to the stack's cluster. A load test of another address does not use the cluster. */
async function clusterOf(deployed: StackOutputs, { against }: Command): Promise<FoundCluster> {
  if (against !== undefined) return { kubeconfig: [], kubeContext: deployed.cluster.kubeContext };
  return findCluster(deployed, { env: process.env, folder: process.cwd() });
}

/** The stack's own certificate counts at the stack's own address only. */
function trustOf({ tls }: StackOutputs, { against }: Command): StackOutputs["tls"] {
  return against === undefined ? tls : undefined;
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
  abortWithParent(controller);
  return controller.signal;
}

/** The named scenarios. A fault without any has the one that uses all parts of the stack. */
function scenarioNames({ scenarios, fault }: Command, defined: DefinedScenarios): readonly string[] {
  if (fault === undefined || scenarios.length > 0) return scenarios;
  return defined.some(({ name }) => name === "write-mix") ? ["write-mix"] : [];
}
