import type { CheckResult } from "../check-report.ts";

const shard = {
  primary: "redis-0.redis.ns.svc.cluster.local:6379",
  slots: 5461,
  acknowledged: 40,
  longestGapMs: 40,
  gapFromMs: 1500,
};

/** A check without losses, with changes. */
export function sampleCheck(
  change: { redis?: Partial<CheckResult["redis"]>; api?: Partial<CheckResult["api"]> } = {},
): CheckResult {
  return {
    redis: {
      startedMs: 1000,
      endedMs: 3000,
      keys: 10,
      acknowledged: 100,
      refused: {},
      reads: 100,
      failedReads: {},
      lost: 0,
      lostWrites: [],
      uncertain: 0,
      evicted: 0,
      unreadable: 0,
      stale: 0,
      oldestStaleMs: 0,
      shards: [shard],
      evictedKeys: 0,
      ballast: null,
      ...change.redis,
    },
    api: {
      sent: 50,
      failed: 0,
      failedGets: 0,
      reasons: "",
      failures: [],
      stale: 0,
      oldestStaleMs: 0,
      bypassed: 0,
      bypassMs: 0,
      ...change.api,
    },
  };
}
