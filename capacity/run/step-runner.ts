import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../contract/user-error.ts";
import type { ClusterApi } from "../../host/cluster-api.ts";
import { StepPrinter } from "../../host/steps.ts";
import { parseCommand } from "../../loadtest/cli/command-line.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import type { Scenario } from "../../loadtest/load/scenarios.ts";
import type { TlsSettings } from "../../loadtest/load/tls.ts";
import type { RunReport } from "../../loadtest/report/report-schema.ts";
import { runLoadTest } from "../../loadtest/run.ts";
import { Run } from "../../loadtest/run-context.ts";
import type { CapacityOptions } from "../command-line.ts";
import type { MeasuredStep } from "../search/step.ts";
import {
  idleApiPods,
  type LoadWindow,
  type StackLimits,
  type StackSample,
  stepMetrics,
} from "../sizing/samples.ts";
import { judgeStep } from "./judge-step.ts";
import { StackWatch } from "./stack-watch.ts";

/** Gates that a search cannot be judged by: they demand a rate, which the search chooses. */
const gatesOnRate = ["throughput", "samples"];
/** Time in which the gateway finds the pods of a new number. Its resolver asks every second. */
const settleMs = 4000;

/** What all steps of a run share. */
export interface StepContext {
  stack: ReachedStack;
  api: ClusterApi;
  limits: StackLimits;
  scenario: Scenario;
  options: CapacityOptions;
  tls: TlsSettings;
  signal: AbortSignal;
  /** Samples and load of the step before: kubelets measure less often than a step lasts. Changed by each step. */
  before: { samples: StackSample[]; windows: LoadWindow[] };
}

/** The gates that judge a step. */
export function gatesOfSteps({ loadtest }: ReachedStack): ReachedStack["loadtest"]["gates"] {
  return loadtest.gates.filter(({ metric }) => !gatesOnRate.includes(metric));
}

/** Waits until the gateway has found new pods. */
export async function settle(signal: AbortSignal): Promise<void> {
  await sleep(settleMs, undefined, { signal }).catch(() => {});
}

/**
 * Measures one step with the load test's own code, in this process.
 *
 * @param rate null: the probe, a closed model
 * @throws {UserError} when the run was interrupted, or the load test could not begin.
 */
export async function runStep(
  context: StepContext,
  { pods, round, rate }: Pick<MeasuredStep, "pods" | "round" | "rate">,
): Promise<MeasuredStep> {
  const startedMs = Date.now();
  const stack = withPods(context.stack, pods);
  const watch = new StackWatch(context.api, stack);
  const [report, samples] = await observed(watch, () => runLoadTest(loadTestOf(context, stack, rate))).catch(
    (error: unknown) => {
      throw context.signal.aborted ? interrupted() : error;
    },
  );
  if (context.signal.aborted) throw interrupted();
  const judgement = judgeStep(report, rate, idleApiPods(samples));
  return {
    pods,
    round,
    rate,
    ...judgement,
    startedMs,
    tookSeconds: (Date.now() - startedMs) / 1000,
    metrics: metricsOf(report, samples, context),
  };
}

const interrupted = () => new UserError("interrupted", "go on with --resume", { exitCode: 130 });

async function observed<T>(watch: StackWatch, work: () => Promise<T>) {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await watch.stop();
    throw error;
  }
  return [result, await watch.stop()] as const;
}

function loadTestOf(
  { scenario, options, tls, signal }: StepContext,
  stack: ReachedStack,
  rate: number | null,
): Run {
  const { rate: _, durationSeconds: __, warmupSeconds: ___, ...mix } = scenario;
  const command = {
    ...parseCommand([], {}),
    durationSeconds: options.durationSeconds,
    warmupSeconds: options.warmupSeconds,
    connections: options.connections,
    threads: options.threads,
    rate: rate ?? undefined,
  };
  const progress = new StepPrinter({ write: () => {} });
  return new Run({ command, outputs: stack, scenarios: [mix], progress, signal, tls });
}

/** The stack as the load test is to find it. */
function withPods(stack: ReachedStack, pods: number): ReachedStack {
  return {
    ...stack,
    workloads: stack.workloads.map((each) => (each.role === "api" ? { ...each, replicas: pods } : each)),
    loadtest: { ...stack.loadtest, gates: gatesOfSteps(stack) },
  };
}

function metricsOf(
  { scenarios, warmupSeconds, pods }: RunReport,
  samples: StackSample[],
  { limits, before }: StepContext,
): MeasuredStep["metrics"] {
  const [load] = scenarios;
  const { samples: earlier, windows } = before;
  Object.assign(before, { samples, windows: [] });
  if (!load) return null;
  const { startedAt, durationSeconds, stack } = load;
  const window = { fromMs: startedAt - warmupSeconds * 1000, toMs: startedAt + durationSeconds * 1000 };
  before.windows = [window];
  const fromReport = {
    apiThrottled: stack === null ? null : Math.max(0, ...stack.throttled.map(({ share }) => share)),
    eventLoopP99Ms: stack?.eventLoopP99Ms ?? null,
    shed: stack?.shed ?? null,
    apiCpuSeconds: stack?.cpuSeconds ?? null,
    apiPods: pods.filter(({ role, gone }) => role === "api" && !gone).length,
  };
  return stepMetrics([...earlier, ...samples], window, limits, fromReport, windows);
}
