import { release, totalmem, type } from "node:os";
import { type GateMetric, gateMetrics } from "../contract/gate-metrics.ts";
import type { StackOutputs } from "../contract/outputs.ts";
import { exitCodes } from "../contract/user-error.ts";
import { thisMachine } from "../measure/machine.ts";
import type { Command } from "./cli/command-line.ts";
import { comparablePlan, planOf } from "./cli/settings.ts";
import { ImageComparison } from "./compare/image-comparison.ts";
import {
  describeRow,
  RepeatedRun,
  type RepeatedTurns,
  type RunComparison,
  type Turn,
} from "./compare/repeated-run.ts";
import { type FaultOutcome, Injection } from "./faults/injection.ts";
import { errorMetrics, judgeGates } from "./gates/gates.ts";
import type { Period } from "./gates/memory-growth.ts";
import { judge } from "./gates/verdict.ts";
import { generatorLimit } from "./load/generator-limit.ts";
import { runScenario, seedAll } from "./load/scenario-run.ts";
import type { Scenario } from "./load/scenarios.ts";
import { type Observation, Observer } from "./observe/observer.ts";
import { figuresBetween, readCounters } from "./observe/stack-counters.ts";
import type { Progress } from "./progress.ts";
import type { RunReport } from "./report/run-report.ts";

const unwatched: Observation = { pods: [], events: [], problems: [] };

/**
 * One load test: watch the pods, seed users, run the scenarios one after another, judge. What goes wrong once the
 * watch has begun is told in the report, beside what was measured until then; aborting the signal ends the run early.
 *
 * @param scenarios in the order in which they run
 * @throws UserError when the run cannot begin: cluster out of reach, stack not ready.
 */
export async function runLoadTest(
  command: Command,
  outputs: StackOutputs,
  scenarios: readonly Scenario[],
  progress: Progress,
  signal: AbortSignal,
): Promise<RunReport> {
  const { loadtest } = outputs;
  const plan = planOf(command, loadtest, outputs.endpoint);
  const images =
    command.images && (await deployImages(command.images, command.repeats, outputs, progress, signal));
  const repeated: RepeatedTurns | undefined =
    images ??
    (command.purpose &&
      (await RepeatedRun.prepare(command.purpose, command.repeats, {
        stack: command.stack,
        apiImage: outputs.apiImage,
        plan: comparablePlan(command, plan, scenarios),
      })));
  progress.begin("waiting for the pods");
  const injection = command.fault && (await Injection.prepare(command.fault, outputs));
  const observer =
    command.against === undefined
      ? await Observer.start(images?.observed ?? outputs).catch(async (error) => {
          await injection?.undo();
          await images?.leave();
          throw error;
        })
      : undefined;
  const startedMs = Date.now();
  const broken: string[] = [];
  const loads: RunReport["scenarios"] = [];
  try {
    await seedAll(plan.endpoint, plan.users, progress, signal);
    const once = scenarios.map((scenario): Turn => ({ scenario }));
    for (const { scenario, target, observed = outputs } of repeated?.turns(scenarios) ?? once) {
      if (signal.aborted) break;
      await repeated?.beforeTurn();
      const struck = loads.length === 0 ? injection : undefined;
      const before = observer && (await readCounters(observed));
      const load = await runScenario(
        scenario,
        command,
        { ...plan, ...target },
        { observer, injection: struck },
        progress,
        signal,
      );
      const stack = before ? figuresBetween(before, await readCounters(observed)) : null;
      repeated?.add(load, stack);
      // Of several turns of a scenario the report shows the last.
      const earlier = loads.findIndex((each) => each.scenario === load.scenario);
      if (earlier >= 0) loads.splice(earlier, 1);
      loads.push({
        ...load,
        about: scenario.about,
        startSecond: (load.startedAt - startedMs) / 1000,
        stack,
      });
    }
  } catch (error) {
    progress.end(false);
    // Seeding goes to an end that was asked for as if it had failed.
    if (!signal.aborted) broken.push((error as Error).message);
  }

  progress.begin("last look at the pods");
  const observation = (await observer?.finish(startedMs, !signal.aborted)) ?? unwatched;
  progress.end();
  broken.push(...observation.problems);
  if (injection) broken.push(...(await undone(injection, progress)));
  await images?.leave().catch((error: Error) => broken.push(error.message));
  const invalid = signal.aborted ? ["the run was interrupted before its end"] : [];
  const spoilt = new Set(loads.filter((load) => load.interrupted).map((load) => load.scenario));
  for (const load of loads) {
    const limit = generatorLimit(load);
    if (limit === undefined || load.interrupted) continue;
    invalid.push(limit);
    spoilt.add(load.scenario);
  }
  const limits = loadtest.gates.filter(({ metric }) => {
    if (!observer) return isOfScenario(metric);
    // One pod alone need not be as fast as the stack; that its answers are good, and the pod lives, it owes as well.
    return !images || !isOfScenario(metric) || errorMetrics.includes(metric);
  });
  const gates = judgeGates(limits, loads, observation.pods, {
    invalidScenarios: spoilt,
    expected: injection?.expected ?? [],
    steady: longestPeriod(loads),
  });
  const comparison = broken.length + invalid.length === 0 ? await compared(repeated, broken) : null;
  const { cpus, cpuModel, node } = thisMachine();
  const { verdict, reason } = judge(gates, { broken, invalid }, worseRows(comparison));
  const fault = injection?.outcome(loads[0], observation.events) ?? null;
  return {
    schema: 1,
    stack: command.stack,
    namespace: outputs.namespace,
    apiImage: outputs.apiImage,
    startedAt: new Date(startedMs).toISOString(),
    finishedAt: new Date().toISOString(),
    verdict,
    exitCode: exitCodes[verdict],
    reason,
    problems: [...broken, ...invalid],
    gates,
    ...plan,
    scenarios: loads,
    pods: observation.pods,
    events: eventsOf(observation, fault, startedMs),
    fault,
    comparison,
    generator: {
      cpus,
      cpuModel,
      memoryBytes: totalmem(),
      kernel: `${type()} ${release()}`,
      node,
    },
  };
}

async function deployImages(
  images: readonly [string, string],
  rounds: number,
  outputs: StackOutputs,
  progress: Progress,
  signal: AbortSignal,
): Promise<ImageComparison> {
  progress.begin("deploying a pod of each image");
  let ready = false;
  try {
    const comparison = await ImageComparison.prepare(images, rounds, outputs, signal);
    ready = true;
    return comparison;
  } finally {
    progress.end(ready);
  }
}

async function compared(run: RepeatedTurns | undefined, broken: string[]): Promise<RunComparison | null> {
  try {
    return (await run?.end()) ?? null;
  } catch (error) {
    broken.push((error as Error).message);
    return null;
  }
}

function worseRows(comparison: RunComparison | null): string[] {
  return comparison?.rows.filter(({ verdict }) => verdict === "worse").map(describeRow) ?? [];
}

/** Gives what went wrong with the fault. */
async function undone(injection: Injection, progress: Progress): Promise<string[]> {
  progress.begin("leaving the cluster as it was");
  const problems = await injection.undo().then(
    () => [],
    (error: Error) => [error.message],
  );
  progress.end(problems.length === 0);
  return injection.problem === undefined ? problems : [injection.problem, ...problems];
}

function eventsOf(
  { events }: Observation,
  fault: FaultOutcome | null,
  startedMs: number,
): RunReport["events"] {
  const struck = fault
    ? [{ kind: "fault" as const, pod: fault.pod ?? "", workload: "", detail: fault.how, atMs: fault.atMs }]
    : [];
  return [...events, ...struck]
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ atMs, ...event }) => ({ ...event, second: (atMs - startedMs) / 1000 }));
}

function isOfScenario(metric: GateMetric): boolean {
  return gateMetrics[metric].scope === "scenario";
}

/** When one load lasted longest, warm-up included. */
function longestPeriod(loads: RunReport["scenarios"]): Period | undefined {
  return loads
    .map(({ startSecond, durationSeconds }) => ({
      fromSecond: startSecond,
      toSecond: startSecond + durationSeconds,
    }))
    .sort((a, b) => b.toSecond - b.fromSecond - (a.toSecond - a.fromSecond))[0];
}
