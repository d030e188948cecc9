import type { StackOutputs } from "../contract/outputs.ts";
import { comparableSettings } from "./compare/comparable-settings.ts";
import { ImageComparison } from "./compare/image-comparison.ts";
import { ImagePools } from "./compare/image-pools.ts";
import { RepeatedRun, type RepeatedTurns, type Turn } from "./compare/repeated-run.ts";
import { parseFault } from "./faults/faults.ts";
import { Injection } from "./faults/injection.ts";
import { runScenario, seedAll } from "./load/run-scenario.ts";
import { type Observation, Observer } from "./observe/observer.ts";
import { readCounters, statsBetween } from "./observe/stack-counters.ts";
import { buildReport, type Measured } from "./report/build-report.ts";
import type { RunReport, ScenarioReport } from "./report/report-schema.ts";
import type { Run } from "./run-context.ts";

type Parts = Omit<Measured, "loads" | "observation">;

const notObserved: Observation = { pods: [], events: [], problems: [] };

/**
 * One load test: watch the pods, seed users, run the scenarios one after another, judge. A failure after the watch has
 * begun becomes a problem in the report, beside the measurements until then.
 *
 * @throws {UserError} when the run cannot begin: the cluster cannot be reached, or the stack is not ready.
 */
export async function runLoadTest(run: Run): Promise<RunReport> {
  const measured = await run.withUndo(async () => {
    const repeated = await prepareComparison(run);
    const injection = await prepareFault(run);
    const observer = await startObserver(run, repeated?.observed ?? run.outputs);
    const parts: Parts = { repeated, injection, observer, startedMs: Date.now() };
    const loads = await loadAll(run, parts);
    const observation = await finishObserver(run, parts);
    return { ...parts, loads, observation };
  });
  return buildReport(run, measured);
}

async function prepareComparison(run: Run): Promise<RepeatedTurns | undefined> {
  const { command, outputs } = run;
  if (command.images) return deployImages(run, command.images);
  if (!command.purpose) return undefined;
  return RepeatedRun.prepare(command.purpose, command.repeats, {
    stack: command.stack,
    apiImage: outputs.apiImage,
    plan: comparableSettings(run),
  });
}

async function deployImages(run: Run, images: readonly [string, string]): Promise<ImageComparison> {
  const { command, outputs, signal } = run;
  const pools = new ImagePools(outputs);
  run.onUndo(() => pools.remove(), "removing the pods of both images");
  const deployed = await run.progress.step("deploying a pod of each image", () =>
    pools.deploy(images, signal),
  );
  return new ImageComparison(deployed, outputs, command.repeats);
}

async function prepareFault(run: Run): Promise<Injection | undefined> {
  if (!run.command.fault) return undefined;
  const injection = await Injection.prepare(parseFault(run.command.fault), run.outputs);
  run.onUndo(async () => {
    const problem = await injection.settle();
    if (problem !== undefined) run.problems.broken.push(problem);
    await injection.undo();
  }, "undoing the fault");
  return injection;
}

async function startObserver(run: Run, observed: StackOutputs): Promise<Observer | undefined> {
  if (run.command.against !== undefined) return undefined;
  const observer = await run.progress.step("waiting for the pods", () => Observer.start(observed));
  run.onUndo(() => observer.close());
  return observer;
}

/** Seeds the users and runs all turns. @returns one result for each scenario, of its last turn */
async function loadAll(
  run: Run,
  { repeated, injection, observer, startedMs }: Parts,
): Promise<ScenarioReport[]> {
  const loads = new Map<string, ScenarioReport>();
  const turns = repeated?.turns(run.scenarios) ?? run.scenarios.map((scenario): Turn => ({ scenario }));
  try {
    await seedAll(run);
    for (const turn of turns) {
      if (run.signal.aborted) break;
      await repeated?.beforeTurn();
      const observed = turn.observed ?? run.outputs;
      const before = observer && (await readCounters(observed));
      const load = await runScenario(run, turn, {
        observer,
        injection: loads.size === 0 ? injection : undefined,
      });
      const stack = before ? statsBetween(before, await readCounters(observed)) : null;
      repeated?.add(load, stack);
      const startSecond = (load.startedAt - startedMs) / 1000;
      loads.delete(load.scenario);
      loads.set(load.scenario, { ...load, about: turn.scenario.about, startSecond, stack });
    }
  } catch (error) {
    run.progress.end(false);
    // An interrupt makes seeding fail. That is no problem of its own.
    if (!run.signal.aborted) run.problems.broken.push((error as Error).message);
  }
  return [...loads.values()];
}

async function finishObserver(run: Run, { observer, startedMs }: Parts): Promise<Observation> {
  if (!observer) return notObserved;
  const observation = await run.progress.step("last look at the pods", () =>
    observer.finish(startedMs, !run.signal.aborted),
  );
  run.problems.broken.push(...observation.problems);
  return observation;
}
