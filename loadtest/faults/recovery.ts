import type { Workload } from "../../contract/outputs.ts";
import { median } from "../../measure/median.ts";
import type { PodEvent } from "../observe/pod-history.ts";
import type { Recovery } from "../report/schema/fault.ts";
import type { SecondOfLoad } from "../report/schema/scenario.ts";

/** Time without a failed request that counts as recovered. */
const quietMs = 3000;
/** A request that still fails this long after the pods are ready shows that the stack has not recovered. */
const failingMs = 10_000;
/** Consecutive seconds within the reported p99; a single one may be chance. */
const calmSeconds = 3;
const reportedFactor = 2;

/** The measurements of a run in which a fault was injected. */
export interface FaultedRun {
  /** Epoch ms. */
  faultAtMs: number;
  load: {
    /** Start of the measured part, epoch ms. */
    startedAt: number;
    durationSeconds: number;
    seconds: readonly SecondOfLoad[];
    /** When requests failed, in ms since `startedAt`. After the first thousands, later failures are missing. */
    failedAtMs: readonly number[];
  };
  /** All events of the run in order. They begin when every workload has its pods ready. */
  events: readonly PodEvent[];
  /** The workloads that the fault affected. */
  workloads: readonly Pick<Workload, "name" | "replicas">[];
  /** Whether the pods were watched until they were ready or the bound was over; false after an interrupt. */
  wasWatched: boolean;
}

/** The workloads that have fewer ready pods than replicas, as `api had 2 of 3 pods ready`. */
export function missingPods(run: Pick<FaultedRun, "faultAtMs" | "events" | "workloads">): string[] {
  return run.workloads.flatMap((workload) => {
    const { ready } = readyPods(run, workload);
    return ready >= workload.replicas
      ? []
      : [`${workload.name} had ${ready} of ${workload.replicas} pods ready`];
  });
}

/** Computes how the stack recovered from the fault. */
export function recoveryOf(run: FaultedRun): Recovery {
  const { errorWindow, failedRequests } = failures(run);
  return {
    errorWindow,
    failedRequests,
    ...recovered(run, errorWindow?.toMs ?? 0),
    p99CalmMs: p99Calm(run),
  };
}

function failures({ faultAtMs, load }: FaultedRun): Pick<Recovery, "errorWindow" | "failedRequests"> {
  const faultMs = faultAtMs - load.startedAt;
  const times = load.failedAtMs.filter((ms) => ms >= faultMs).sort((a, b) => a - b);
  let failedRequests = times.length;
  let fromMs = times[0];
  let toMs = times.at(-1);

  const inSeconds = load.seconds.reduce((sum, { failed }) => sum + failed, 0);
  const untimed = inSeconds - load.failedAtMs.length;
  if (untimed > 0) {
    const lastTimedMs = Math.max(faultMs, ...load.failedAtMs);
    const late = load.seconds.filter(({ second, failed }) => failed > 0 && second * 1000 > lastTimedMs);
    failedRequests += Math.min(
      untimed,
      late.reduce((sum, { failed }) => sum + failed, 0),
    );
    const [first] = late;
    if (first) fromMs ??= Math.max(faultMs, beginMs(first));
    toMs = Math.max(toMs ?? 0, ...late.map(({ second }) => second * 1000));
  }
  const errorWindow =
    fromMs === undefined || toMs === undefined ? null : { fromMs: fromMs - faultMs, toMs: toMs - faultMs };
  return { errorWindow, failedRequests };
}

/** Pods, readiness and failed requests decide. Latency does not (docs/decisions.md#recovery-without-latency). */
function recovered(
  run: FaultedRun,
  lastFailureMs: number,
): Pick<Recovery, "recoveredMs" | "outcome" | "reason"> {
  const not = (outcome: "not recovered" | "unknown", reason: string) => ({
    recoveredMs: null,
    outcome,
    reason,
  });
  const [missing] = missingPods(run);
  if (missing !== undefined)
    return run.wasWatched
      ? not("not recovered", `${missing} at the end`)
      : not("unknown", `${missing} when the run was interrupted`);
  const podsBackMs = Math.max(0, ...run.workloads.map((workload) => readyPods(run, workload).changedMs));
  const loadEndMs = run.load.startedAt + run.load.durationSeconds * 1000 - run.faultAtMs;
  if (loadEndMs < quietMs)
    return not(
      "unknown",
      `the load ended ${(loadEndMs / 1000).toFixed(1)} s after the fault; give a longer --duration`,
    );
  if (loadEndMs - lastFailureMs < quietMs)
    return loadEndMs - podsBackMs >= failingMs
      ? not("not recovered", "requests still failed at the end of the load")
      : not(
          "unknown",
          "requests failed until the load ended, soon after the pods were ready; give a longer --duration",
        );
  return { recoveredMs: Math.max(podsBackMs, lastFailureMs), outcome: "recovered", reason: "" };
}

/** Time from the fault until p99 stayed near its median of before; null when the load does not show it. */
function p99Calm({ faultAtMs, load }: FaultedRun): number | null {
  const faultMs = faultAtMs - load.startedAt;
  const measured = load.seconds.filter(({ second }) => second > 0);
  const usualMs = median(
    measured.flatMap(({ second, p99Ms }) => (second * 1000 <= faultMs && p99Ms !== null ? [p99Ms] : [])),
  );
  const after = measured.filter(({ second }) => second * 1000 > faultMs);
  const isCalm = ({ p99Ms }: SecondOfLoad) => p99Ms !== null && p99Ms <= reportedFactor * usualMs;
  const calm = after.find(
    (_, index) =>
      index + calmSeconds <= after.length && after.slice(index, index + calmSeconds).every(isCalm),
  );
  return calm ? Math.max(0, beginMs(calm) - faultMs) : null;
}

/**
 * Ready pods of a workload at the end of the run.
 *
 * @returns their count, and when it last changed, in ms since the fault; negative: before the fault
 */
function readyPods(
  run: Pick<FaultedRun, "faultAtMs" | "events">,
  workload: Pick<Workload, "name" | "replicas">,
): { ready: number; changedMs: number } {
  let ready = workload.replicas;
  let changedMs = 0;
  const away = new Set<string>();
  for (const { kind, pod, workload: name, atMs } of run.events) {
    if (name !== workload.name) continue;
    const before = ready;
    if (kind === "not_ready") ready--;
    if (kind === "ready") ready++;
    if (kind === "pod_gone" && !away.has(pod)) ready--;
    if (kind === "not_ready" || kind === "pod_new") away.add(pod);
    if (kind === "ready" || kind === "pod_gone") away.delete(pod);
    if (ready !== before) changedMs = atMs - run.faultAtMs;
  }
  return { ready, changedMs };
}

/** Start of a second of load, in ms since the start. Its `second` is the time of its end. */
function beginMs({ second }: SecondOfLoad): number {
  return (second - 1) * 1000;
}
