/**
 * How a read was served. HIT: from the cache. MISS: from the origin. STALE: an expired value from the cache, while the
 * origin fails. BYPASS: from the origin, while the store fails.
 */
export type CacheStatus = "HIT" | "MISS" | "STALE" | "BYPASS";

/** Counters since the start, and some current values. */
export interface CacheStats {
  /** Reads served from the copies of this process or from the store. */
  hits: number;
  /** Hits served from the copies of this process. */
  localHits: number;
  misses: number;
  stale: number;
  bypass: number;
  /** Reads of the origin; readers that share a read count once. */
  originReads: number;
  originFailures: number;
  /** Loads started before the value expired. */
  earlyRefreshes: number;
  /** Loads that waited for the load of another process. */
  fillWaits: number;
  /** Store commands that failed or were skipped. */
  storeErrors: number;
  invalidations: number;
  invalidationsDropped: number;
  /** Current value, as are the following ones. */
  invalidationsPending: number;
  localEntries: number;
  localBytes: number;
  /** 1 after several consecutive failures of the origin, else 0. */
  originBreakerOpen: number;
}

/** Stats with all values 0. */
export function emptyCacheStats(): CacheStats {
  return {
    hits: 0,
    localHits: 0,
    misses: 0,
    stale: 0,
    bypass: 0,
    originReads: 0,
    originFailures: 0,
    earlyRefreshes: 0,
    fillWaits: 0,
    storeErrors: 0,
    invalidations: 0,
    invalidationsDropped: 0,
    invalidationsPending: 0,
    localEntries: 0,
    localBytes: 0,
    originBreakerOpen: 0,
  };
}
