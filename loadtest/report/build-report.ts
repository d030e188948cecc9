import { release, totalmem, type } from "node:os";
import type { GateConfig } from "../../contract/gate-metrics.ts";
import { exitCodes } from "../../contract/user-error.ts";
import { thisMachine } from "../../measure/machine.ts";
import { describeRow, type RepeatedTurns } from "../compare/repeated-run.ts";
import type { Injection } from "../faults/injection.ts";
import { isErrorMetric, isScenarioMetric, judgeGates } from "../gates/judge-gates.ts";
import type { Period } from "../gates/memory-growth.ts";
import { judgeRun } from "../gates/verdict.ts";
import { generatorLimit } from "../load/generator-limit.ts";
import type { Observation, Observer } from "../observe/observer.ts";
import type { Run } from "../run-context.ts";
import type { RunReport, ScenarioReport } from "./report-schema.ts";
import type { RunComparison } from "./schema/comparison.ts";
import type { FaultOutcome } from "./schema/fault.ts";
import type { ReportEvent } from "./schema/pod.ts";

/** The parts of a run that depend on its command, and its results. */
export interface Measured {
  repeated: RepeatedTurns | undefined;
  injection: Injection | undefined;
  /** Undefined when the load goes to another address: its pods are unknown. */
  observer: Observer | undefined;
  /** When the run began, epoch ms. */
  startedMs: number;
  loads: ScenarioReport[];
  observation: Observation;
}

/** Judges a run and builds its report. Saves the baseline or compares, if the command says so. */
export async function buildReport(run: Run, measured: Measured): Promise<RunReport> {
  const { startedMs, loads, observation, injection } = measured;
  const { command, outputs, settings, problems } = run;
  const invalidScenarios = findInvalidLoads(run, loads);
  const gates = judgeGates(gatesOf(run, measured), loads, observation.pods, {
    invalidScenarios,
    expected: injection?.expected ?? [],
    steady: longestPeriod(loads),
  });
  const comparison = await compare(run, measured);
  const worse = comparison?.rows.filter(({ verdict }) => verdict === "worse") ?? [];
  const { verdict, reason } = judgeRun(gates, problems, worse.map(describeRow));
  const fault = injection?.outcome(loads[0], observation.events) ?? null;
  const { cpus, cpuModel, node } = thisMachine();
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
    problems: [...problems.broken, ...problems.invalid],
    gates,
    ...settings,
    scenarios: loads,
    pods: observation.pods,
    events: eventsOf(observation, fault, startedMs),
    fault,
    comparison,
    generator: { cpus, cpuModel, memoryBytes: totalmem(), kernel: `${type()} ${release()}`, node },
  };
}

/** The scenarios whose load was not the requested one. Adds the reasons to the run's problems. */
function findInvalidLoads({ signal, problems }: Run, loads: readonly ScenarioReport[]): Set<string> {
  if (signal.aborted) problems.invalid.push("the run was interrupted before its end");
  const invalid = new Set<string>();
  for (const load of loads) {
    const limit = load.interrupted ? undefined : generatorLimit(load);
    if (limit !== undefined) problems.invalid.push(limit);
    if (limit !== undefined || load.interrupted) invalid.add(load.scenario);
  }
  return invalid;
}

/** The gates that apply. A single pod is held to the error and pod gates, not to the stack's latency gates. */
function gatesOf({ command, outputs }: Run, { observer }: Measured): GateConfig[] {
  return outputs.loadtest.gates.filter(({ metric }) => {
    if (!isScenarioMetric(metric)) return observer !== undefined;
    return !command.images || isErrorMetric(metric);
  });
}

async function compare({ problems }: Run, { repeated }: Measured): Promise<RunComparison | null> {
  if (!repeated || problems.broken.length + problems.invalid.length > 0) return null;
  try {
    return (await repeated.end()) ?? null;
  } catch (error) {
    problems.broken.push((error as Error).message);
    return null;
  }
}

function eventsOf({ events }: Observation, fault: FaultOutcome | null, startedMs: number): ReportEvent[] {
  const ofPods = events.map(({ atMs, ...event }) => ({ ...event, second: (atMs - startedMs) / 1000 }));
  if (!fault) return ofPods;
  const second = (fault.atMs - startedMs) / 1000;
  const ofFault: ReportEvent = {
    kind: "fault",
    pod: fault.pod ?? "",
    workload: "",
    detail: fault.how,
    second,
  };
  return [...ofPods, ofFault].sort((a, b) => a.second - b.second);
}

/** The measured time of the longest scenario. */
function longestPeriod(loads: readonly ScenarioReport[]): Period | undefined {
  return loads
    .map(({ startSecond, durationSeconds }) => ({
      fromSecond: startSecond,
      toSecond: startSecond + durationSeconds,
    }))
    .sort((a, b) => b.toSecond - b.fromSecond - (a.toSecond - a.fromSecond))[0];
}
