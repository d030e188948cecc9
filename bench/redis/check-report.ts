import type { RedisCheckReport } from "../../contract/redis-check.ts";
import { columns } from "../../host/table.ts";
import type { ApiLoadReport } from "./api-load.ts";

/** Both parts of a check: the writer inside the namespace, and the load through the gateway. */
export interface CheckResult {
  redis: RedisCheckReport;
  api: ApiLoadReport;
}

/** What a check allows. */
export interface CheckLimits {
  /** Acknowledged writes that may be lost. */
  maxLost: number;
  /** Greatest age of a stale read, in ms. */
  maxStaleMs: number;
}

/** What is beyond the limits, as sentences; empty when the check is good. */
export function judgeCheck({ redis, api }: CheckResult, { maxLost, maxStaleMs }: CheckLimits): string[] {
  const problems: string[] = [];
  const lost = redis.lost + redis.uncertain + (redis.ballast?.lost ?? 0);
  if (redis.acknowledged === 0) problems.push("no write was acknowledged");
  if (lost > maxLost) problems.push(`${lost} acknowledged writes were lost, ${maxLost} are allowed`);
  if (redis.unreadable > 0) problems.push(`${redis.unreadable} keys could not be read at the end`);
  for (const [what, ageMs] of [
    ["of Redis", redis.oldestStaleMs],
    ["through the API", api.oldestStaleMs],
  ] as const)
    if (ageMs > maxStaleMs)
      problems.push(`a read ${what} was ${Math.round(ageMs)} ms old, ${maxStaleMs} ms are allowed`);
  return problems;
}

/** The result as a table. */
export function checkTable({ redis, api }: CheckResult): string {
  const { startedMs, endedMs } = redis;
  const ageOf = (count: number, oldestMs: number) =>
    count === 0 ? "0" : `${count}, the oldest ${Math.round(oldestMs)} ms`;
  const rows = [
    ["acknowledged writes", `${redis.acknowledged} of ${redis.keys} keys in ${seconds(endedMs - startedMs)}`],
    ["writes refused or without a response", countsOf(redis.refused)],
    ["acknowledged writes lost", lostText(redis)],
    ["reads", String(redis.reads)],
    ["reads without a response", countsOf(redis.failedReads)],
    ["stale reads of the primaries", ageOf(redis.stale, redis.oldestStaleMs)],
    ["stale reads through the API", ageOf(api.stale, api.oldestStaleMs)],
    [
      "requests through the API",
      `${api.failed} of ${api.sent} failed${api.failed > 0 ? `: ${api.reasons}` : ""}`,
    ],
    [
      "responses of the API without its cache",
      api.bypassed > 0 ? `${api.bypassed}, within ${seconds(api.bypassMs)}` : "0",
    ],
    ["keys evicted by the nodes", evictionText(redis)],
    ...redis.shards.map(({ primary, longestGapMs, gapFromMs }) => [
      `longest time without a write: ${primary.split(".")[0]}`,
      `${longestGapMs} ms, ${seconds(gapFromMs - startedMs)} after the start`,
    ]),
    ...(redis.ballast === null
      ? []
      : [["data of before", `${redis.ballast.lost} of ${redis.ballast.keys} keys lost`]]),
  ];
  return columns([["redis check", ""], ...rows], []);
}

function lostText({ lost, uncertain, lostWrites, startedMs, unreadable }: RedisCheckReport): string {
  const [first] = lostWrites;
  const parts = [String(lost)];
  if (first !== undefined) {
    const times = lostWrites.map(({ acknowledgedMs }) => acknowledgedMs - startedMs);
    parts.push(
      `acknowledged ${seconds(Math.min(...times))} … ${seconds(Math.max(...times))} after the start`,
    );
  }
  if (uncertain > 0) parts.push(`${uncertain} more perhaps`);
  if (unreadable > 0) parts.push(`${unreadable} keys unreadable`);
  return parts.join(", ");
}

function evictionText({ evictedKeys, evicted }: RedisCheckReport): string {
  if (evictedKeys === 0) return "0";
  return `${evictedKeys}, ${evicted} of them of this check; redis.memory is full`;
}

/** Counts by kind, the most frequent first. */
export function countsOf(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  return sorted.length === 0 ? "0" : sorted.map(([kind, count]) => `${kind} × ${count}`).join(", ");
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
