import type { UserError } from "../contract/user-error.ts";
import type { ReachedStack } from "./cluster-search.ts";
import { comparableSettings } from "./compare/comparable-settings.ts";
import { ImageComparison } from "./compare/image-comparison.ts";
import { ImagePools } from "./compare/image-pools.ts";
import { RepeatedRun, type RepeatedTurns, type Turn } from "./compare/repeated-run.ts";
import { parseFault } from "./faults/faults.ts";
import { Injection } from "./faults/injection.ts";
import { prepareEndpoint, runScenario } from "./load/run-scenario.ts";
import { namingLockouts, withLockouts } from "./observe/lockout.ts";
import { type Observation, Observer } from "./observe/observer.ts";
import { readCounters, type StackCounters, statsBetween } from "./observe/stack-counters.ts";
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
    await watchRecovery(run, parts, loads[0]);
    const observation = await finishObserver(run, parts);
    return { ...parts, loads, observation };
  });
  const report = await buildReport(run, measured);
  const failed = report.exitCode !== 0 && measured.loads.some((load) => load.failed > 0);
  return failed ? { ...report, reason: await withLockouts(report.reason, run.outputs) } : report;
}

async function prepareComparison(run: Run): Promise<RepeatedTurns | undefined> {
  const { command, outputs } = run;
  if (command.images) return deployImages(run, command.images);
  if (!command.purpose) return undefined;
  const { stack, against } = command;
  const apiImage = against === undefined ? outputs.apiImage : "unknown";
  const identity = { stack, apiImage, plan: comparableSettings(run) };
  return RepeatedRun.prepare(command.purpose, command.repeats, identity, against);
}

async function deployImages(run: Run, images: readonly [string, string]): Promise<ImageComparison> {
  const { command, outputs, signal } = run;
  const pools = new ImagePools(outputs);
  run.onUndo(() => pools.remove(), "removing the pods of both images");
  const deployed = await run.progress.step("deploying a pod of each image", () =>
    pools.deploy(images, command.comparesPools, signal),
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

async function startObserver(run: Run, observed: ReachedStack): Promise<Observer | undefined> {
  if (run.command.against !== undefined) return undefined;
  const observer = await run.progress.step("waiting for the pods", () =>
    namingLockouts(observed, () => Observer.start(observed)),
  );
  run.onUndo(() => observer.close());
  return observer;
}

/** Prepares the endpoint and runs all turns. @returns one result for each turn */
async function loadAll(
  run: Run,
  { repeated, injection, observer, startedMs }: Parts,
): Promise<ScenarioReport[]> {
  const loads: ScenarioReport[] = [];
  const turns = repeated?.turns(run.scenarios) ?? run.scenarios.map((scenario): Turn => ({ scenario }));
  const turnsOf = (name: string) => turns.filter(({ scenario }) => scenario.name === name).length;
  const turnsSoFar = new Map<string, number>();
  // Nothing happens between two turns of the same pods, so the counters after one are those before the next.
  let last: { observed: ReachedStack; counters: StackCounters } | undefined;
  try {
    const seededVersion = await prepareEndpoint(run);
    for (const turn of turns) {
      if (run.signal.aborted) break;
      await repeated?.beforeTurn();
      const observed = turn.observed ?? run.outputs;
      const before = last?.observed === observed ? last.counters : observer && (await readCounters(observed));
      const context = { observer, injection: loads.length === 0 ? injection : undefined, seededVersion };
      const load = await runScenario(run, turn, context);
      last = observer && { observed, counters: await readCounters(observed) };
      const stack = before && last ? statsBetween(before, last.counters) : null;
      repeated?.add(load, stack);
      const { name, about } = turn.scenario;
      const number = (turnsSoFar.get(name) ?? 0) + 1;
      turnsSoFar.set(name, number);
      const startSecond = (load.startedAt - startedMs) / 1000;
      const ofTurn = repeated ? { number, total: turnsOf(name) } : null;
      loads.push({ ...load, about, turn: ofTurn, startSecond, stack });
    }
  } catch (error) {
    run.progress.end(false);
    // An interrupt makes seeding fail. That is no problem of its own.
    if (!run.signal.aborted) run.problems.broken.push(await withLockouts(problemText(error), run.outputs));
  }
  return loads;
}

/** The message of an error, with its fix. */
function problemText(error: unknown): string {
  const { message, fix } = error as Partial<UserError>;
  return fix === undefined ? `${message}` : `${message}; ${fix}`;
}

/** After the load: watches the pods until the stack has recovered from the fault, within a bound. */
async function watchRecovery(
  run: Run,
  { injection, observer }: Parts,
  load: ScenarioReport | undefined,
): Promise<void> {
  if (!injection || !observer || !load) return;
  await run.progress.step("waiting for the recovery", () =>
    injection.waitForPods(() => observer.events, run.signal),
  );
}

async function finishObserver(run: Run, { observer, startedMs }: Parts): Promise<Observation> {
  if (!observer) return notObserved;
  const observation = await run.progress.step("last look at the pods", () =>
    observer.finish(startedMs, !run.signal.aborted),
  );
  run.problems.broken.push(...observation.problems);
  return observation;
}
