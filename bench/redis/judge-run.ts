import type { RedisCheckReport } from "../../contract/redis-check.ts";
import type { ApiLoadReport } from "./api-load.ts";
import type { AllowedLoss, InjectedRedisFault, RedisFault } from "./fault.ts";

/** What was measured while a fault was injected once. */
export interface FaultRun {
  fault: string;
  round: number;
  injected: InjectedRedisFault;
  /** Time from the fault, or its end, until the cluster was whole again, in ms; undefined: it was not in time. */
  healedMs: number | undefined;
  /** What was wrong with the cluster at the end; undefined: nothing. */
  problem: string | undefined;
  /** Longest time without an acknowledged write of a shard, in ms. */
  servedMs: number;
  redis: RedisCheckReport;
  api: ApiLoadReport;
  /** Tables and logs of the pods when the cluster did not become whole. */
  evidence?: string;
}

/** Greatest age of a read through the API. */
export const mostStaleMs = 100;
/** Redis copies a write to replicas within milliseconds; a slow machine may take longer. */
const recentMs = 1000;

/**
 * The longest time without a write of a shard. Gaps before the fault do not count. For a fault during which the cluster cannot serve,
 * the time from its end.
 */
export function servedMsOf(
  { isServedAfterEnd }: Pick<RedisFault, "isServedAfterEnd">,
  { atMs, endMs }: InjectedRedisFault,
  { shards }: RedisCheckReport,
): number {
  const fromMs = isServedAfterEnd ? (endMs ?? atMs) : Number.NEGATIVE_INFINITY;
  const gaps = shards.map(
    ({ gapFromMs, longestGapMs }) => gapFromMs + longestGapMs - Math.max(gapFromMs, fromMs),
  );
  return Math.max(0, ...gaps);
}

/** What a run missed, as sentences; empty when all targets are met. */
export function missedTargets(fault: RedisFault, run: Omit<FaultRun, "evidence">): string[] {
  const { redis, api, problem, healedMs, servedMs, injected } = run;
  const missed: string[] = [];
  if (healedMs === undefined) missed.push(`it did not heal by itself: ${problem}`);
  else if (problem !== undefined) missed.push(`the cluster was not whole at the end: ${problem}`);
  if (fault.servedMs !== undefined && servedMs > fault.servedMs)
    missed.push(`slots were served after ${seconds(servedMs)}, not ${seconds(fault.servedMs)}`);
  for (const { what, ms, mostMs } of injected.durations ?? [])
    if (ms > mostMs) missed.push(`${what} took ${seconds(ms)}, not ${seconds(mostMs)}`);
  if (api.failed > 0)
    missed.push(`${api.failed} of ${api.sent} requests through the API failed: ${api.reasons}`);
  if (api.oldestStaleMs > mostStaleMs)
    missed.push(`a read through the API was ${Math.round(api.oldestStaleMs)} ms old, not ${mostStaleMs} ms`);
  missed.push(...missedLosses(fault.allowedLoss, injected, redis));
  return missed;
}

function missedLosses(allowed: AllowedLoss, injected: InjectedRedisFault, redis: RedisCheckReport): string[] {
  if (allowed === "all") return [];
  const missed: string[] = [];
  if (redis.unreadable > 0) missed.push(`${redis.unreadable} keys could not be read at the end`);
  const lost = redis.lost + redis.uncertain - (allowed === "recent" ? lossesBefore(injected.atMs, redis) : 0);
  if (lost > 0) missed.push(`${lost} acknowledged writes were lost`);
  if (redis.ballast !== null && redis.ballast.lost > 0)
    missed.push(`${redis.ballast.lost} of ${redis.ballast.keys} keys of before were lost`);
  return missed;
}

/** Number of lost writes that were acknowledged within a second of a crash: no replica had them yet, perhaps. */
export function lossesBefore(crashMs: number, { lostWrites }: RedisCheckReport): number {
  return lostWrites.filter(({ acknowledgedMs }) => Math.abs(acknowledgedMs - crashMs) <= recentMs).length;
}

/** Milliseconds as seconds, such as `1.4 s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
