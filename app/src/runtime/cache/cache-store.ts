/** What the read-through cache needs of a store. Every method rejects when the store does not answer in time. */
export interface CacheStore {
  get(key: string): Promise<string | null>;
  /** Puts `value` under `key` unless something is there, and gives what was there (null: the place was free). */
  claim(key: string, value: string, ttlMs: number): Promise<string | null>;
  /** Puts `value` in the place of `expected`, or deletes it when undefined; does nothing when something else is there. */
  replace(key: string, expected: string, value: string | undefined, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
}

/** The store is known to be away for this key, or did not answer in time. */
export class CacheUnavailable extends Error {
  override name = "CacheUnavailable";
}
