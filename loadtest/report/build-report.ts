import { release, totalmem, type } from "node:os";
import type { GateConfig } from "../../contract/gate-metrics.ts";
import { exitCodes } from "../../contract/user-error.ts";
import { thisMachine } from "../../measure/machine.ts";
import { describeRow, type RepeatedTurns, type TurnsResult } from "../compare/repeated-run.ts";
import { type Injection, recoveryProblem } from "../faults/injection.ts";
import { isErrorMetric, isScenarioMetric, judgeGates } from "../gates/judge-gates.ts";
import type { Period } from "../gates/memory-growth.ts";
import { errorText } from "../gates/metrics.ts";
import { judgeRun } from "../gates/verdict.ts";
import { generatorLimit } from "../load/generator-limit.ts";
import { nameOfTurn } from "../load/turn-name.ts";
import type { Observation, Observer } from "../observe/observer.ts";
import type { Run } from "../run-context.ts";
import type { RunReport, ScenarioReport } from "./report-schema.ts";
import type { FaultOutcome } from "./schema/fault.ts";
import type { GateResult } from "./schema/gate.ts";
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
  const { endpoint, connections, durationSeconds, warmupSeconds, threads, users, keepAlive } = settings;
  const invalidLoads = findInvalidLoads(run, loads);
  const gates = judgeGates(gatesOf(run, measured), loads, observation.pods, {
    invalidLoads,
    expected: injection?.expected ?? [],
    steady: longestPeriod(loads),
  });
  const { comparison = null, savedTo = null } = await endTurns(run, measured, gates);
  const worse = comparison?.rows.filter(({ verdict }) => verdict === "worse") ?? [];
  const fault = faultOutcome(run, measured);
  const failures = [
    ...(fault?.outcome === "not recovered" ? [`${fault.how}: ${recoveryProblem(fault)}`] : []),
    ...worse.map(describeRow),
  ];
  const { verdict, reason } = judgeRun(gates, problems, failures);
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
    endpoint,
    connections,
    durationSeconds,
    warmupSeconds,
    threads,
    users,
    keepAlive,
    scenarios: loads,
    pods: observation.pods,
    events: eventsOf(observation, fault, startedMs),
    fault,
    comparison,
    savedBaseline: savedTo,
    generator: { cpus, cpuModel, memoryBytes: totalmem(), kernel: `${type()} ${release()}`, node },
  };
}

/** The loads that were not the requested ones. Adds the reasons to the run's problems. */
function findInvalidLoads({ signal, problems }: Run, loads: readonly ScenarioReport[]): Set<ScenarioReport> {
  if (signal.aborted) problems.invalid.push("the run was interrupted before its end");
  const invalid = new Set<ScenarioReport>();
  for (const load of loads) {
    const limit = load.interrupted ? undefined : generatorLimit(load);
    if (limit !== undefined) problems.invalid.push(limit);
    if (limit !== undefined || load.interrupted) invalid.add(load);
  }
  return invalid;
}

/** How the stack recovered. A fault that was not injected, and an unknown outcome, become problems of the run. */
function faultOutcome(
  { problems, signal }: Run,
  { injection, loads, observation }: Measured,
): FaultOutcome | null {
  if (!injection) return null;
  const fault = injection.outcome(loads[0], observation.events) ?? null;
  const isExplained = signal.aborted || problems.broken.length > 0;
  if (fault === null && !isExplained) problems.invalid.push("the load ended before the fault was injected");
  if (fault?.outcome === "unknown") problems.invalid.push(`${fault.how}: ${recoveryProblem(fault)}`);
  return fault;
}

/** The gates that apply. A single pod is held to the error and pod gates, not to the stack's latency gates. */
function gatesOf({ command, outputs }: Run, { observer }: Measured): GateConfig[] {
  return outputs.loadtest.gates.filter(({ metric }) => {
    if (!isScenarioMetric(metric)) return observer !== undefined;
    return !command.images || isErrorMetric(metric);
  });
}

/** Saves the baseline or compares, unless a turn was bad. */
async function endTurns(
  { problems }: Run,
  { repeated, loads }: Measured,
  gates: readonly GateResult[],
): Promise<TurnsResult> {
  if (!repeated || problems.broken.length + problems.invalid.length > 0) return {};
  const bad = badTurn(loads, gates, repeated.needsAllGates);
  if (bad !== undefined) {
    problems.broken.push(`${bad}: ${repeated.withoutEnd}`);
    return {};
  }
  try {
    return await repeated.end();
  } catch (error) {
    problems.broken.push((error as Error).message);
    return {};
  }
}

/** Share of bad responses above which a turn is bad without any gate on errors. */
const badShare = 0.01;

/** Why the turns are no measurement of a good stack; undefined when they are. */
function badTurn(
  loads: readonly ScenarioReport[],
  gates: readonly GateResult[],
  needsAllGates: boolean,
): string | undefined {
  const failed = gates.find(
    ({ metric, verdict }) => verdict !== "pass" && (needsAllGates || isErrorMetric(metric)),
  );
  if (failed) return failed.reason;
  const isGated = gates.some(({ metric }) => metric === "error_rate");
  const load = isGated ? undefined : loads.find(({ failed, sent }) => failed > badShare * sent);
  return (
    load &&
    `${nameOfTurn(load)} had ${load.failed} of ${load.sent} requests without a good response (${errorText(load)})`
  );
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
