/** A write that was acknowledged, and whose key had an older value later, or none. */
export interface LostWrite {
  key: string;
  slot: number;
  /** Number of the acknowledged write. */
  wrote: number;
  /** Number that was found instead; null: the key did not exist. */
  found: number | null;
  /** When the write was acknowledged, and when the loss was found, epoch ms. */
  acknowledgedMs: number;
  foundMs: number;
}

/** A shard as it was when the check began: the slots that one primary had then. */
export interface CheckedShard {
  /** `host:port` of the primary at that time. */
  primary: string;
  slots: number;
  acknowledged: number;
  /** Longest time without an acknowledged write, in ms, and when it began, epoch ms. */
  longestGapMs: number;
  gapFromMs: number;
}

/** What happened to keys that were written once, before the check's own writes, and read at its end. */
export interface BallastReport {
  keys: number;
  /** Keys without their value at the end; those that may have been evicted are not among them. */
  lost: number;
}

/** Result of `redis.js check`: a client that writes numbered keys to the Redis Cluster and reads them. */
export interface RedisCheckReport {
  startedMs: number;
  endedMs: number;
  /** Number of keys that it wrote again and again. */
  keys: number;
  acknowledged: number;
  /** Writes without an acknowledgement, by the kind of error. */
  refused: Record<string, number>;
  reads: number;
  /** Reads without a response, by the kind of error. */
  failedReads: Record<string, number>;
  /** Number of acknowledged writes that were lost. `lostWrites` has the first ones. */
  lost: number;
  lostWrites: LostWrite[];
  /**
   * Keys that had the value of a write without a response instead of a later, acknowledged one: that write took effect late, or
   * the acknowledged one was lost.
   */
  uncertain: number;
  /** Keys that were gone at a time at which nodes evicted keys. */
  evicted: number;
  /** Keys that could not be read at the end. */
  unreadable: number;
  /** Reads that returned an older number than one that was acknowledged before the read began. */
  stale: number;
  /** Longest time from the acknowledgement to the beginning of such a read, in ms; 0 without one. */
  oldestStaleMs: number;
  shards: CheckedShard[];
  /** Keys that the nodes evicted during the check, of all clients. */
  evictedKeys: number;
  ballast: BallastReport | null;
}

/** A line of the program's output: one each second, and the report at the end. */
export type CheckLine = { progress: CheckProgress } | { report: RedisCheckReport };

/** Counters during the check. */
export interface CheckProgress {
  seconds: number;
  acknowledged: number;
  refused: number;
  lost: number;
  stale: number;
  /** Longest present time without an acknowledged write of a shard, in ms. */
  silentMs: number;
}
