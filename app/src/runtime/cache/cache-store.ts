/** What a reader found who wants to fill a place: it is theirs now, another reader fills it, or it is filled. */
export type Claim = { claimed: true } | { heldBy: string } | { text: string };

/**
 * Whether invalidations of other processes reach this one. A copy that was made in an epoch is as good as the store's
 * as long as the feed lives and the epoch is the same: nothing was missed since.
 */
export interface Feed {
  readonly isLive: boolean;
  readonly epoch: number;
}

/** The feed of a key whose invalidations nobody tells. */
export const deadFeed: Feed = { isLive: false, epoch: 0 };

/**
 * What the cache needs of a store that all processes share. A place holds a text, and beside it a lease: the token of the
 * reader who is filling it. Every method rejects when the store does not answer in time; messages reach the listeners of
 * all processes.
 */
export interface CacheStore {
  get(key: string): Promise<string | null>;
  /** In the order of the keys; undefined where the store did not answer. Never rejects. */
  getMany(keys: readonly string[]): Promise<(string | null | undefined)[]>;
  /** Takes the lease of a place that is empty, or whose text begins with `seen` (when that is not empty). */
  claim(key: string, seen: string, token: string, leaseMs: number): Promise<Claim>;
  /** Puts `text` in place and frees the lease, if it is still `token`'s; undefined empties the place. Tells whether it was. */
  fill(key: string, token: string, text: string | undefined, ttlMs: number): Promise<boolean>;
  /** Frees the lease if it is still `token`'s, and leaves the text. */
  release(key: string, token: string): Promise<void>;
  /** Puts `text` in place whatever is there, takes away any lease, and tells all processes. */
  put(key: string, text: string, ttlMs: number, message: string): Promise<void>;
  /** Empties the place, takes away any lease, and tells all processes. */
  delete(key: string, message: string): Promise<void>;
  /**
   * Empties all places whose key matches the glob, and tells all processes. Gives how many.
   *
   * @throws {ClearIncomplete}
   */
  clear(glob: string, message: string): Promise<number>;
  feedOf(key: string): Feed;
  /** Gives every message to `listener`, maybe several times. */
  listen(listener: (message: string) => void): void;
}

/** The store is known to be away for this key, or did not answer in time. */
export class CacheUnavailable extends Error {
  override name = "CacheUnavailable";
}

/** Some nodes could not be cleared; the others are. */
export class ClearIncomplete extends Error {
  override name = "ClearIncomplete";
  readonly statusCode = 503;
  /** Places that were emptied. */
  readonly cleared: number;

  /** @param failures by node, what went wrong; or why no node was asked */
  constructor(cleared: number, failures: readonly string[]) {
    super(`${cleared} entries cleared, but not all: ${failures.join("; ")}`);
    this.cleared = cleared;
  }
}
