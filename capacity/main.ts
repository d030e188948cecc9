import { UserError } from "../contract/user-error.ts";
import type { ClusterApi } from "../host/cluster-api.ts";
import { onInterrupt } from "../host/interrupts.ts";
import { openCluster } from "../host/open-cluster.ts";
import { note, step } from "../host/steps.ts";
import { outputsOfStack } from "../loadtest/cli/outputs.ts";
import { findCluster, type ReachedStack } from "../loadtest/cluster-search.ts";
import { compileRequests } from "../loadtest/load/request-trial.ts";
import { chooseScenarios, type Scenario } from "../loadtest/load/scenarios.ts";
import { tlsSettingsOf } from "../loadtest/load/tls.ts";
import type { CapacityOptions, MeasuringOptions } from "./command-line.ts";
import { buildCapacityReport } from "./report/build-report.ts";
import { capacityFolder, writeCapacityReport } from "./report/files.ts";
import { podsText, summaryText } from "./report/summary.ts";
import { type CampaignEffects, runCampaign, secondsLeft } from "./run/campaign-run.ts";
import { type Progress, ProgressKeeper, readPods } from "./run/progress-file.ts";
import { ScaledPods, scalableApi } from "./run/scaled-pods.ts";
import { readLimits } from "./run/stack-watch.ts";
import { gatesOfSteps, runStep, type StepContext, settle } from "./run/step-runner.ts";
import { type CampaignPlan, mostSteps, resultsOf } from "./search/campaign.ts";
import type { MeasuredStep } from "./search/step.ts";

/** Responses that a step has at least, so that its p99 means something. */
const leastResponses = 100;
const maxInvalid = 2;

/**
 * Measures the capacity of a deployed stack and writes the report.
 *
 * @param stackName for pulumi, in the environment of this process
 * @returns the exit code
 * @throws {UserError} when the stack is not suitable, the run cannot be made, or it was interrupted. The number of pods is
 * put back before.
 */
export async function measureCapacity(stackName: string, options: CapacityOptions): Promise<number> {
  const deployed = await outputsOfStack(stackName);
  const workload = scalableApi(deployed);
  const cluster = await findCluster(deployed, { env: process.env, folder: process.cwd() });
  const stack: ReachedStack = { ...deployed, cluster };
  const api = openCluster(cluster.kubeconfig, cluster.kubeContext);
  const pods = new ScaledPods(api, stack.namespace, workload);
  try {
    const left = await pods.restore();
    if (left !== "nothing to restore")
      note(`  ! of a run that was killed: the number of API pods was ${left}`);
    if (options.restore) {
      if (left === "nothing to restore") note("  ✓ nothing to restore");
      return 0;
    }
    const { namespaceUid } = deployed.cluster;
    return await measure({ stackName, stack, namespaceUid, api, pods, options });
  } finally {
    api.close();
  }
}

interface Measurement {
  stackName: string;
  stack: ReachedStack;
  namespaceUid: string | undefined;
  api: ClusterApi;
  pods: ScaledPods;
  options: CapacityOptions;
}

async function measure({ stackName, stack, namespaceUid, api, pods, options }: Measurement): Promise<number> {
  const scenario = scenarioOf(stack, options.scenario);
  const limits = await readLimits(api, stack);
  const keeper = new ProgressKeeper(stackName, {
    stack: namespaceUid ?? stack.namespace,
    ...(await readPods(api, stack)),
    scenario: JSON.stringify(scenario),
    gates: gatesOfSteps(stack),
    options: measuringOptions(options),
  });
  const kept: Progress = options.resume
    ? await keeper.read()
    : { startedAt: new Date().toISOString(), steps: [] };
  const folder = await capacityFolder(options.out);
  const tls = await tlsSettingsOf({ ca: undefined, insecure: false }, stack.tls);
  const plan = planOf(options);
  const interrupt = interruptSignal();
  announce(plan, kept.steps, options);
  let steps: MeasuredStep[];
  try {
    const before = { samples: [], windows: [] };
    const context = { stack, api, limits, scenario, options, tls, signal: interrupt.signal, before };
    const effects = effectsOf(context, pods, keeper, kept.startedAt);
    steps = await runCampaign(plan, kept.steps, loadSecondsOf(options), effects);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    throw new UserError("interrupted", "go on with the same options and --resume", { exitCode: 130 });
  } finally {
    await step("Put the number of API pods back", async (report) => report(await pods.restore()));
    interrupt.release();
  }
  const report = buildCapacityReport({
    ...factsOf(stackName, stack, scenario, options),
    startedAt: kept.startedAt,
    gates: gatesOfSteps(stack),
    steps,
    searches: resultsOf(plan, steps),
    wish: options.wish,
    present: stack.workloads.map(({ role, replicas }) => ({
      role,
      replicas,
      limitCores: limits.cpuLimits.get(role) ?? null,
    })),
  });
  const page = await writeCapacityReport(folder, report);
  console.log(`\n${summaryText(report)}\nreport  ${page}`);
  return report.exitCode;
}

function factsOf(
  stackName: string,
  { endpoint, namespace, apiImage, loadtest }: ReachedStack,
  { name, about }: Scenario,
  { precision, durationSeconds, warmupSeconds, connections }: CapacityOptions,
) {
  return {
    stack: stackName,
    endpoint,
    namespace,
    apiImage,
    scenario: { name, about },
    precision,
    durationSeconds,
    warmupSeconds,
    connections: connections ?? loadtest.connections,
  };
}

function planOf({
  pods,
  rounds,
  precision,
  maxRate,
  maxSteps,
  durationSeconds,
}: CapacityOptions): CampaignPlan {
  const minRate = leastResponses / durationSeconds;
  return { pods, rounds, search: { minRate, maxRate, precision, maxSteps, maxInvalid } };
}

const loadSecondsOf = ({ durationSeconds, warmupSeconds }: CapacityOptions): number =>
  durationSeconds + warmupSeconds;

function measuringOptions(options: CapacityOptions): MeasuringOptions {
  const { wish: _, resume: __, restore: ___, out: ____, ...measuring } = options;
  return measuring;
}

/** The named scenario, else the one that uses all parts of the stack, else the first one. */
function scenarioOf({ loadtest }: ReachedStack, name: string | undefined): Scenario {
  const defined = loadtest.scenarios;
  const isEnabled = (wanted: string) => defined.some((each) => each.name === wanted && each.enabled);
  const names = name === undefined ? (isEnabled("write-mix") ? ["write-mix"] : []) : [name];
  const [scenario] = chooseScenarios(defined, names, loadtest.requests);
  if (scenario) {
    compileRequests([scenario]);
    return scenario;
  }
  throw new UserError("stack config has no enabled scenario", "name one: --scenario NAME", { exitCode: 2 });
}

function announce(plan: CampaignPlan, steps: readonly MeasuredStep[], options: CapacityOptions): void {
  const searches = plan.pods.length * plan.rounds;
  const time = timeText(secondsLeft(plan, steps, loadSecondsOf(options)));
  const kept = steps.length > 0 ? `, ${steps.length} steps are there` : "";
  note(
    `  ${searches} searches of ${plan.pods.join(", ")} API pods, at most ${mostSteps(plan)} steps${kept}; usually ${time}`,
  );
}

function effectsOf(
  context: StepContext,
  pods: ScaledPods,
  keeper: ProgressKeeper,
  startedAt: string,
): CampaignEffects {
  const { signal } = context;
  return {
    scaleTo: (count) =>
      step(`Wait for ${count} API ${count === 1 ? "pod" : "pods"}`, async () => {
        await pods.scaleTo(count, signal);
        await settle(signal);
      }),
    measure: (next) =>
      step(`${podsText(next.pods)}, round ${next.round}: ${rateText(next.rate)}`, async (report) => {
        const measured = await runStep(context, next);
        report(`${measured.verdict}: ${measured.reason}`);
        return measured;
      }),
    save: (steps) => keeper.write({ startedAt, steps: [...steps] }),
    report: (_, leftSeconds) => note(`    about ${timeText(leftSeconds)} left`),
    now: Date.now,
  };
}

/** A signal that the first interrupt aborts. A second one ends the process, and leaves the pods to the next run. */
function interruptSignal() {
  const controller = new AbortController();
  const release = onInterrupt((isRepeated) => {
    if (isRepeated) process.exit(130);
    note("\n✗ interrupted; the number of API pods is put back");
    controller.abort(new Error("interrupted"));
  });
  return { signal: controller.signal, release };
}

const rateText = (rate: number | null): string => (rate === null ? "probe" : `${rate} /s`);

function timeText(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
