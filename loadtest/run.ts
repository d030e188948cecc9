import { cpus, release, totalmem, type } from "node:os";
import type { StackOutputs } from "../k8s/stack-outputs.ts";
import type { Command } from "./command-line.ts";
import { judgeGates } from "./gates.ts";
import { type LoadResult, runLoad } from "./load.ts";
import { Observer } from "./observe.ts";
import type { Progress } from "./progress.ts";
import type { RunReport } from "./report/run-report.ts";
import type { Scenario } from "./scenarios.ts";
import { seedUsers } from "./seed.ts";
import { Broken, exitCodes, judge } from "./verdict.ts";

const timeoutSeconds = 10;
const seed = 20_260_101;

/**
 * One load test: watch the pods, seed users, run the scenarios one after another, judge. What goes wrong once the
 * watch has begun is told in the report, beside what was measured until then; aborting the signal ends the run early.
 *
 * @throws Broken when the run cannot begin: cluster out of reach, stack not ready.
 */
export async function runLoadTest(
  command: Command,
  outputs: StackOutputs,
  progress: Progress,
  signal: AbortSignal,
): Promise<RunReport> {
  const plan = {
    connections: command.connections ?? outputs.loadtest.connections,
    durationSeconds: command.durationSeconds ?? outputs.loadtest.durationSeconds,
    warmupSeconds: command.warmupSeconds ?? outputs.loadtest.warmupSeconds,
    users: outputs.loadtest.users,
  };
  progress.begin("waiting for the pods");
  const observer = await Observer.start(outputs);
  const startedMs = Date.now();
  const problems: string[] = [];
  const loads: RunReport["scenarios"] = [];
  try {
    await seedAll(outputs.endpoint, plan.users, progress, signal);
    for (const scenario of command.scenarios) {
      if (signal.aborted) break;
      const load = await runScenario(
        scenario,
        { ...plan, endpoint: outputs.endpoint },
        observer,
        progress,
        signal,
      );
      loads.push({ ...load, about: scenario.about, startSecond: (load.startedAt - startedMs) / 1000 });
    }
  } catch (error) {
    progress.end(false);
    problems.push((error as Error).message);
  }
  if (signal.aborted) problems.unshift("the run was interrupted before its end");

  progress.begin("last look at the pods");
  const observation = await observer.finish(startedMs, !signal.aborted);
  progress.end();
  problems.push(...observation.problems);
  const gates = judgeGates(outputs.loadtest.gates, loads, observation.pods);
  const { verdict, reason } = judge(gates, problems);
  return {
    schema: 1,
    stack: command.stack,
    endpoint: outputs.endpoint,
    namespace: outputs.namespace,
    apiImage: outputs.apiImage,
    startedAt: new Date(startedMs).toISOString(),
    finishedAt: new Date().toISOString(),
    verdict,
    exitCode: exitCodes[verdict],
    reason,
    problems,
    gates,
    ...plan,
    scenarios: loads,
    pods: observation.pods,
    events: observation.events.map(({ atMs, ...event }) => ({ ...event, second: (atMs - startedMs) / 1000 })),
    generator: {
      cpus: cpus().length,
      cpuModel: cpus()[0]?.model.trim() ?? "unknown",
      memoryBytes: totalmem(),
      kernel: `${type()} ${release()}`,
      node: process.version,
    },
  };
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
  plan: {
    endpoint: string;
    connections: number;
    durationSeconds: number;
    warmupSeconds: number;
    users: number;
  },
  observer: Observer,
  progress: Progress,
  signal: AbortSignal,
): Promise<LoadResult> {
  progress.begin(scenario.name);
  let failed = 0;
  return runLoad(
    { ...plan, scenario, timeoutSeconds, seed },
    {
      signal,
      onSecond: (figures, warmup) => {
        failed += figures.failed;
        const fullest = observer.fullest();
        progress.detail(
          [
            warmup ? "warming up" : `${figures.second.toFixed(0)}/${plan.durationSeconds} s`,
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
