/**
 * How a read was served. HIT: from the cache. MISS: from the origin. STALE: an expired value from the cache, while the
 * origin fails. BYPASS: from the origin, while the store fails.
 */
export type CacheStatus = "HIT" | "MISS" | "STALE" | "BYPASS";

/** Counters since the start, and some current values. */
export type CacheStats = ReturnType<typeof emptyCacheStats>;

/** Stats with all values 0. */
export function emptyCacheStats() {
  return {
    /** Reads served from the copies of this process or from the store. */
    hits: 0,
    /** Hits served from the copies of this process. */
    localHits: 0,
    misses: 0,
    stale: 0,
    bypass: 0,
    /** Reads of the origin; readers that share a read count once. */
    originReads: 0,
    originFailures: 0,
    /** Loads started before the value expired. */
    earlyRefreshes: 0,
    /** Loads that waited for the load of another process. */
    fillWaits: 0,
    /** Store commands that failed or were skipped. */
    storeErrors: 0,
    invalidations: 0,
    invalidationsDropped: 0,
    /** Current value, as are the values below. */
    invalidationsPending: 0,
    localEntries: 0,
    localBytes: 0,
    /** 1 after several consecutive failures of the origin, else 0. */
    originBreakerOpen: 0,
  };
}

/** The counter of each read status. */
export const counterOf = {
  HIT: "hits",
  MISS: "misses",
  STALE: "stale",
  BYPASS: "bypass",
} as const satisfies Record<CacheStatus, keyof CacheStats>;
