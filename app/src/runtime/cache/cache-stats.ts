/** How a read was answered: from the cache, from the origin, from the cache because the origin fails, or with the store away. */
export type CacheStatus = "HIT" | "MISS" | "STALE" | "BYPASS";

/** Plain numbers, since the start unless they are of this moment. */
export interface CacheStats {
  /** Reads answered from the cache, here or in the store. */
  hits: number;
  /** Those of them that this process answered alone. */
  localHits: number;
  misses: number;
  stale: number;
  bypass: number;
  /** Times that the origin was asked; readers who share one count once. */
  originReads: number;
  originFailures: number;
  /** Loads that began before the value had expired. */
  earlyRefreshes: number;
  /** Times that a load waited for another process's. */
  fillWaits: number;
  /** Store commands that failed or were not tried. */
  storeErrors: number;
  invalidations: number;
  invalidationsDropped: number;
  /** At this moment. */
  invalidationsPending: number;
  localEntries: number;
  localBytes: number;
  /** 0: the origin answers; 1: it failed several times in a row. */
  originBreakerOpen: number;
}

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
