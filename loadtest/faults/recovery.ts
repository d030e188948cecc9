import type { Workload } from "../../contract/outputs.ts";
import { median } from "../../measure/median.ts";
import type { PodEvent } from "../observe/pod-history.ts";
import type { Recovery } from "../report/schema/fault.ts";
import type { SecondOfLoad } from "../report/schema/scenario.ts";

/** Consecutive seconds within the allowed p99 that count as recovered; a single one may be chance. */
const calmSeconds = 3;
const allowedFactor = 2;

/** The measurements of a run in which a fault was injected. */
export interface FaultedRun {
  /** Epoch ms. */
  faultAtMs: number;
  load: {
    /** Start of the measured part, epoch ms. */
    startedAt: number;
    seconds: readonly SecondOfLoad[];
    /** When requests failed, in ms since `startedAt`. After the first thousands, later failures are missing. */
    failedAtMs: readonly number[];
  };
  /** All events of the run in order. They begin when every workload has its pods ready. */
  events: readonly PodEvent[];
  /** The workloads that the fault affected. */
  workloads: readonly Pick<Workload, "name" | "replicas">[];
}

/** Computes how the stack recovered from the fault. */
export function recoveryOf(run: FaultedRun): Recovery {
  return { ...failures(run), ...recovered(run) };
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

function recovered(run: FaultedRun): Pick<Recovery, "recoveredMs" | "reason"> {
  const not = (reason: string) => ({ recoveredMs: null, reason });
  let podsBackMs = 0;
  for (const workload of run.workloads) {
    const { ready, changedMs } = readyPods(run, workload);
    if (ready < workload.replicas) {
      return not(`${workload.name} had ${ready} of ${workload.replicas} pods ready at the end`);
    }
    podsBackMs = Math.max(podsBackMs, changedMs);
  }

  const faultMs = run.faultAtMs - run.load.startedAt;
  const measured = run.load.seconds.filter(({ second }) => second > 0);
  const before = measured.flatMap(({ second, p99Ms }) =>
    second * 1000 <= faultMs && p99Ms !== null ? [p99Ms] : [],
  );
  const usualMs = median(before);
  if (Number.isNaN(usualMs)) return not("no second before the fault has a p99 to compare with");
  const after = measured.filter(({ second }) => second * 1000 > faultMs + podsBackMs);
  if (after.length === 0) return not("the load ended before all pods were ready again");

  const allowedMs = allowedFactor * usualMs;
  const row = Math.min(calmSeconds, after.length);
  const calm = after
    .slice(0, after.length - row + 1)
    .find((_, index) =>
      after.slice(index, index + row).every(({ p99Ms }) => p99Ms !== null && p99Ms <= allowedMs),
    );
  return calm
    ? { recoveredMs: Math.max(podsBackMs, beginMs(calm) - faultMs), reason: "" }
    : not(`p99 did not stay within ${allowedMs.toFixed(1)} ms, twice its median of before the fault`);
}

/**
 * Ready pods of a workload at the end of the run.
 *
 * @returns their count, and when it last changed, in ms since the fault; negative: before the fault
 */
function readyPods(
  run: FaultedRun,
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
