import { release, totalmem, type } from "node:os";
import { type GateMetric, gateMetrics, type StackOutputs } from "../k8s/stack-outputs.ts";
import { thisMachine } from "../measure/machine.ts";
import type { RunPlan } from "./baseline.ts";
import type { Command } from "./command-line.ts";
import { type FaultOutcome, Injection } from "./faults/injection.ts";
import { judgeGates } from "./gates.ts";
import { generatorLimit } from "./generator-limit.ts";
import { runLoad } from "./load.ts";
import type { LoadResult } from "./load-result.ts";
import { type Observation, Observer } from "./observe.ts";
import type { Progress } from "./progress.ts";
import { type BaselineComparison, describeRow, RepeatedRun } from "./repeated-run.ts";
import type { RunReport } from "./report/run-report.ts";
import type { Scenario } from "./scenarios.ts";
import { seedUsers } from "./seed.ts";
import { figuresBetween, readCounters } from "./stack-counters.ts";
import { Broken, exitCodes, judge } from "./verdict.ts";

const timeoutSeconds = 10;
const seed = 20_260_101;

/** What every scenario of a run has in common, unless the scenario has its own. */
type Plan = Pick<RunReport, "connections" | "durationSeconds" | "warmupSeconds" | "users" | "threads"> & {
  endpoint: string;
};

const unwatched: Observation = { pods: [], events: [], problems: [] };

/**
 * One load test: watch the pods, seed users, run the scenarios one after another, judge. What goes wrong once the
 * watch has begun is told in the report, beside what was measured until then; aborting the signal ends the run early.
 *
 * @param scenarios in the order in which they run
 * @throws Broken when the run cannot begin: cluster out of reach, stack not ready.
 */
export async function runLoadTest(
  command: Command,
  outputs: StackOutputs,
  scenarios: readonly Scenario[],
  progress: Progress,
  signal: AbortSignal,
): Promise<RunReport> {
  const { loadtest } = outputs;
  const plan: Plan = {
    endpoint: command.against ?? outputs.endpoint,
    connections: command.connections ?? loadtest.connections,
    durationSeconds: command.durationSeconds ?? loadtest.durationSeconds,
    warmupSeconds: command.warmupSeconds ?? loadtest.warmupSeconds,
    threads: command.threads ?? loadtest.threads,
    users: loadtest.users,
  };
  const repeated =
    command.purpose &&
    (await RepeatedRun.prepare(command.purpose, command.repeats, {
      stack: command.stack,
      apiImage: outputs.apiImage,
      plan: comparablePlan(plan, command.rate),
    }));
  progress.begin("waiting for the pods");
  const injection = command.fault && (await Injection.prepare(command.fault, outputs));
  const observer =
    command.against === undefined
      ? await Observer.start(outputs).catch(async (error) => {
          await injection?.undo();
          throw error;
        })
      : undefined;
  const startedMs = Date.now();
  const broken: string[] = [];
  const loads: RunReport["scenarios"] = [];
  try {
    await seedAll(plan.endpoint, plan.users, progress, signal);
    for (const scenario of repeated?.turns(scenarios) ?? scenarios) {
      if (signal.aborted) break;
      await repeated?.calibrate();
      const struck = loads.length === 0 ? injection : undefined;
      const before = observer && (await readCounters(outputs));
      const load = await runScenario(
        scenario,
        command,
        plan,
        { observer, injection: struck },
        progress,
        signal,
      );
      repeated?.add(load);
      // Of several turns of a scenario the report shows the last.
      const earlier = loads.findIndex((each) => each.scenario === load.scenario);
      if (earlier >= 0) loads.splice(earlier, 1);
      loads.push({
        ...load,
        about: scenario.about,
        startSecond: (load.startedAt - startedMs) / 1000,
        stack: before ? figuresBetween(before, await readCounters(outputs)) : null,
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
  const invalid = signal.aborted ? ["the run was interrupted before its end"] : [];
  const spoilt = new Set(loads.filter((load) => load.interrupted).map((load) => load.scenario));
  for (const load of loads) {
    const limit = generatorLimit(load);
    if (limit === undefined || load.interrupted) continue;
    invalid.push(limit);
    spoilt.add(load.scenario);
  }
  const limits = observer ? loadtest.gates : loadtest.gates.filter(({ metric }) => isOfScenario(metric));
  const gates = judgeGates(limits, loads, observation.pods, {
    invalidScenarios: spoilt,
    expected: injection?.expected ?? [],
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

function comparablePlan(plan: Plan, rate: number | undefined): RunPlan {
  const { connections, durationSeconds, warmupSeconds, users } = plan;
  return {
    connections,
    durationSeconds,
    warmupSeconds,
    users,
    ...(rate === undefined ? {} : { ratePerSecond: rate }),
  };
}

async function compared(run: RepeatedRun | undefined, broken: string[]): Promise<BaselineComparison | null> {
  try {
    return (await run?.end()) ?? null;
  } catch (error) {
    broken.push((error as Error).message);
    return null;
  }
}

function worseRows(comparison: BaselineComparison | null): string[] {
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
  return gateMetrics[metric].of === "scenario";
}

async function seedAll(
  endpoint: string,
  users: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  progress.begin(`seeding ${users} users`);
  const result = await seedUsers(endpoint, users, {
    signal,
    onProgress: (done) => progress.detail(`${done} of ${users}`),
  });
  const [first] = result.failures;
  if (!first) return;
  throw new Broken(
    `${result.failures.length} of ${users} users could not be seeded through ${endpoint}; the first: ${first.reason}`,
    "look at the pods behind it",
  );
}

async function runScenario(
  scenario: Scenario,
  command: Command,
  plan: Plan,
  { observer, injection }: { observer: Observer | undefined; injection: Injection | undefined },
  progress: Progress,
  signal: AbortSignal,
): Promise<LoadResult> {
  progress.begin(scenario.name);
  const rate = command.rate ?? scenario.rate;
  const dials = {
    connections: command.connections ?? scenario.connections ?? plan.connections,
    durationSeconds: command.durationSeconds ?? scenario.durationSeconds ?? plan.durationSeconds,
    warmupSeconds: command.warmupSeconds ?? scenario.warmupSeconds ?? plan.warmupSeconds,
    ...(rate === undefined ? {} : { rate }),
  };
  let failed = 0;
  return runLoad(
    { ...plan, ...dials, scenario, timeoutSeconds, seed },
    {
      signal,
      onSecond: (figures, warmup) => {
        failed += figures.failed;
        if (!warmup) injection?.onSecond(figures.second, dials.durationSeconds);
        const fullest = observer?.fullest();
        progress.detail(
          [
            warmup ? "warming up" : `${figures.second.toFixed(0)}/${dials.durationSeconds} s`,
            `${figures.requestsPerSecond.toLocaleString("en-US")} req/s`,
            `p99 ${figures.p99Ms === null ? "–" : `${figures.p99Ms.toFixed(1)} ms`}`,
            `${failed} failed`,
            ...(fullest ? [`memory ${(fullest.share * 100).toFixed(0)} % in ${fullest.pod}`] : []),
          ].join(" · "),
        );
      },
    },
  );
}
