/** Result of a claim: the reader has the lease, another reader has it, or the entry has been filled. */
export type Claim = { claimed: true } | { heldBy: string } | { text: string };

/**
 * Whether this process receives the invalidations of others. A copy is as current as the store's value while the feed is
 * live and still in the epoch in which the copy was made: then no invalidation was missed.
 */
export interface Feed {
  readonly isLive: boolean;
  readonly epoch: number;
  /**
   * Time in milliseconds since 1970 until which the last sign of life holds. A process that was stopped for a while reaches
   * it before its timers can find out that the feed broke.
   */
  readonly trustedUntil: number;
}

/** The feed of a key whose invalidations are not received. */
export const deadFeed: Feed = { isLive: false, epoch: 0, trustedUntil: 0 };

/**
 * A store that all processes share. Each key has an entry with a text, and a lease: the token of the reader that is
 * filling the entry. Unless noted, every method rejects when the store does not answer in time. Messages reach the
 * listeners of all processes.
 */
export interface CacheStore {
  get(key: string): Promise<string | null>;
  /** Texts in the order of the keys; undefined where the store did not answer. Never rejects. */
  getMany(keys: readonly string[]): Promise<(string | null | undefined)[]>;
  /**
   * Takes the lease of an entry that is empty, or whose text begins with `seen` if `seen` is not empty. A lease that
   * another reader has is never taken over (docs/decisions.md#cache-leases).
   */
  claim(key: string, seen: string, token: string, leaseMs: number): Promise<Claim>;
  /** If `token` has the lease, sets the text (undefined: deletes the entry) and frees it. @returns whether it had it */
  fill(key: string, token: string, text: string | undefined, ttlMs: number): Promise<boolean>;
  /** Frees the lease if `token` still has it, and keeps the text. */
  release(key: string, token: string): Promise<void>;
  /** Sets the text, revokes any lease, and sends `message` to all processes. */
  put(key: string, text: string, ttlMs: number, message: string): Promise<void>;
  /** Deletes the entry, revokes any lease, and sends `message` to all processes. */
  delete(key: string, message: string): Promise<void>;
  /**
   * Deletes all entries whose key matches the glob, and sends `message` to all processes.
   *
   * @returns the number of deleted entries
   * @throws {ClearIncomplete} when not all nodes could be cleared.
   */
  clear(glob: string, message: string): Promise<number>;
  feedOf(key: string): Feed;
  /** Calls `listener` with every message, possibly several times. */
  listen(listener: (message: string) => void): void;
}

/** The store is known to be unreachable for this key, or did not answer in time. */
export class CacheUnavailable extends Error {
  override name = "CacheUnavailable";
}

/** Some nodes could not be cleared; the others were. */
export class ClearIncomplete extends Error {
  override name = "ClearIncomplete";
  readonly statusCode = 503;
  /** Number of deleted entries. */
  readonly cleared: number;

  /** @param failures one line for each node that failed, or the reason why no node was cleared */
  constructor(cleared: number, failures: readonly string[]) {
    super(`${cleared} entries cleared, but not all: ${failures.join("; ")}`);
    this.cleared = cleared;
  }
}
