import { cacheKey, cacheKeyGlob } from "./cache-key.ts";
import { type CacheStats, counterOf, emptyCacheStats } from "./cache-stats.ts";
import type { CacheStore } from "./cache-store.ts";
import { type Flight, Flights } from "./flights.ts";
import { InvalidationMessages } from "./invalidation-message.ts";
import { LateInvalidations } from "./late-invalidations.ts";
import { LoadBatch, type LoadMany } from "./load-batch.ts";
import { isCurrent, LocalCache } from "./local-cache.ts";
import { PendingInvalidations } from "./pending-invalidations.ts";
import { type CachedRead, type Load, type Reading, StoreReader } from "./store-reader.ts";

/** Settings of a {@link Cache}. */
export interface CacheOptions {
  /** Prefix of every key. */
  prefix: string;
  /** Identifies the form of the values (`formOf`): a value of another form counts as missing. */
  form: string;
  ttlSeconds: number;
  /** Time after its expiry for which a value may be served while the origin fails. */
  staleSeconds: number;
  /** Size limit of the copies in this process; 0 keeps none. */
  localBytes: number;
  /** Circuit breaker of the origin: while it is open, stale values are served at once. */
  breaker: { failures: number; pauseMs: number };
  /** Whether an error of a load means that the origin fails, and not that the request was invalid. */
  isOriginFailure: (error: unknown) => boolean;
  /** Whether an error of a write leaves open if the origin was written. */
  isUnknownOutcome: (error: unknown) => boolean;
  /** Time after which a write with unknown outcome is not carried out any more. */
  writeLimitMs: number;
  now?: () => number;
  random?: () => number;
}

/**
 * A cache with two levels, copies in this process (L1) and a store that all processes share (L2), in front of an origin
 * that is written elsewhere. The caller chooses the names; values are texts.
 *
 * - A read that starts after `invalidate` has resolved never returns the old value: at once in the same process, within
 *   100 ms in other processes, as soon as they receive the message. A reader that misses takes a lease on the entry, and
 *   fills the entry only while it has the lease. `invalidate` revokes the lease together with the value, so a slow reader
 *   cannot restore an old value.
 * - A process whose feed of invalidations is broken serves no copies. When the feed is back, older copies stay unused.
 * - The origin is read once per process and expiry, for any number of readers, and usually once over all processes: a
 *   reader that finds the lease of another reader waits for it briefly. Shortly before a value expires, it is reloaded in the
 *   background.
 * - While the origin fails, expired values are served (STALE) for `staleSeconds`, from this process if the store fails too.
 * - A failing store fails no request. Reads go to the origin (BYPASS). Invalidations are repeated until they succeed, and
 *   until then their names bypass the store in this process; other processes may serve the old value during that time. The
 *   same is true if the store loses a confirmed write (Redis fails over to a replica that does not have it yet).
 */
export class Cache {
  readonly #store: CacheStore;
  readonly #options: CacheOptions;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #local: LocalCache;
  readonly #stats = emptyCacheStats();
  readonly #reads = new Flights<CachedRead>();
  readonly #lookups = new Flights<string | undefined>();
  readonly #refreshes = new Flights<void>();
  readonly #reader: StoreReader;
  readonly #pending: PendingInvalidations;
  readonly #late: LateInvalidations;
  readonly #messages = new InvalidationMessages();

  constructor(store: CacheStore, options: CacheOptions) {
    this.#store = store;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#local = new LocalCache(options.localBytes);
    this.#pending = new PendingInvalidations((name) =>
      this.#store.delete(cacheKey(options.prefix, name), this.#messages.write(name)),
    );
    this.#late = new LateInvalidations(options.writeLimitMs, (name) => this.invalidate(name));
    this.#reader = new StoreReader(store, this.#local, this.#stats, {
      ...options,
      now: this.#now,
      random: this.#random,
      refresh: (name, load) => this.#refresh(name, load),
    });
    store.listen((message) => this.#handle(message));
  }

  get stats(): CacheStats {
    return {
      ...this.#stats,
      invalidationsDropped: this.#pending.dropped,
      invalidationsPending: this.#pending.size,
      localEntries: this.#local.entries,
      localBytes: this.#local.bytes,
      originBreakerOpen: this.#reader.originFails ? 1 : 0,
    };
  }

  /**
   * Reads a value: from this process, else from the store, else from the origin.
   *
   * @throws {Error} of `load` when the origin fails and there is no stale value. Failures of the store are never thrown.
   */
  read(name: string, load: Load): Promise<CachedRead> {
    const hit = this.#localHit(name, load);
    if (hit) return Promise.resolve(hit);
    return this.#counted(this.#join(name, load, (key) => this.#store.get(key)));
  }

  /**
   * Reads several values: one request to the store, and one to the origin for the missing names (a few if other processes
   * are loading some of them).
   *
   * @returns reads in the order of the names
   * @throws {Error} of `loadMany` when the origin fails and a value has no stale copy.
   */
  readMany(names: readonly string[], loadMany: LoadMany): Promise<CachedRead[]> {
    const reads = new Map<string, Promise<CachedRead>>();
    const missing: string[] = [];
    for (const name of new Set(names)) {
      // An early refresh loads only this name; nothing waits for it.
      const hit = this.#localHit(name, async () => (await loadMany([name])).get(name));
      const running = this.#reads.get(name)?.outcome;
      if (hit) reads.set(name, Promise.resolve(hit));
      else if (running) reads.set(name, this.#counted(running));
      else missing.push(name);
    }
    const texts =
      missing.length > 0 ? this.#store.getMany(missing.map((name) => this.#key(name))) : undefined;
    const batch = new LoadBatch(missing.length, loadMany);
    missing.forEach((name, index) => {
      let isLoaded = false;
      const load = () => {
        isLoaded = true;
        return batch.load(name);
      };
      const read = this.#join(name, load, async () => (await texts)?.[index]);
      const done = () => isLoaded || batch.doneWithout();
      read.then(done, done);
      reads.set(name, this.#counted(read));
    });
    return Promise.all(names.map((name) => reads.get(name) as Promise<CachedRead>));
  }

  /**
   * Writes the origin and invalidates the name, also if the outcome of the write is unknown: then once more after the
   * time limit of writes.
   *
   * @throws {Error} of `write`.
   */
  async write<T>(name: string, write: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await write();
    } catch (error) {
      if (this.#options.isUnknownOutcome(error)) {
        this.#late.add(name);
        await this.invalidate(name);
      }
      throw error;
    }
    await this.invalidate(name);
    return result;
  }

  /** Call it after the origin was written. Never rejects. */
  async invalidate(name: string): Promise<void> {
    this.#stats.invalidations++;
    if (!(await this.#pending.deliver(name))) this.#stats.storeErrors++;
    // Copies made during the delivery may be old.
    this.#forget(name);
  }

  /** Returns the cached value if it is fresh, without the origin. Never rejects. */
  async get(name: string): Promise<string | undefined> {
    const copy = this.#local.get(name);
    const now = this.#now();
    if (copy && isCurrent(copy, now) && copy.expiresAt > now) return copy.value;
    const lookup =
      this.#lookups.get(name) ?? this.#lookups.start(name, (flight) => this.#lookUp(name, flight));
    return lookup.outcome;
  }

  /** Stores a value. Never rejects. @returns whether the value is stored */
  async set(name: string, value: string, ttlMs = this.#options.ttlSeconds * 1000): Promise<boolean> {
    const text = this.#reader.textOf(value, 0, ttlMs);
    const staleMs = this.#options.staleSeconds * 1000;
    try {
      await this.#store.put(this.#key(name), text, ttlMs + staleMs, this.#messages.write(name));
      return true;
    } catch {
      // The store now has an old value or none, so it is invalidated.
      this.#stats.storeErrors++;
      await this.#pending.deliver(name);
      return false;
    } finally {
      this.#forget(name);
    }
  }

  /** Never rejects. */
  delete(name: string): Promise<void> {
    return this.invalidate(name);
  }

  /**
   * Deletes all names that match a glob (`*`, `?`, `[a-z]`) from the store, and all copies from the processes, which fill
   * them again from the store.
   *
   * @returns the number of entries deleted from the store
   * @throws {ClearIncomplete} when not all nodes could be cleared.
   */
  async clear(pattern: string): Promise<number> {
    try {
      return await this.#store.clear(cacheKeyGlob(this.#options.prefix, pattern), this.#messages.write());
    } finally {
      this.#forgetAll();
    }
  }

  /** Tries once more to deliver the invalidations that the store has not accepted. Never rejects. */
  async close(): Promise<void> {
    await this.#late.close();
    await this.#pending.close();
  }

  #key(name: string): string {
    return cacheKey(this.#options.prefix, name);
  }

  #localHit(name: string, load: Load): CachedRead | undefined {
    const copy = this.#local.get(name);
    if (copy === undefined) return undefined;
    const now = this.#now();
    if (!isCurrent(copy, now) || copy.expiresAt <= now) return undefined;
    if (this.#reader.isDueEarly(copy)) this.#refresh(name, load);
    this.#stats.hits++;
    this.#stats.localHits++;
    return copy.hit;
  }

  #join(
    name: string,
    load: Load,
    lookup: (key: string) => Promise<string | null | undefined>,
  ): Promise<CachedRead> {
    const running = this.#reads.get(name);
    if (running) return running.outcome;
    const work = (flight: Flight<CachedRead>) => {
      const reading = this.#reading(name, load, flight);
      return this.#pending.has(name)
        ? this.#reader.bypass(reading)
        : this.#reader.read(reading, () => lookup(reading.key));
    };
    return this.#reads.start(name, work).outcome;
  }

  #reading(name: string, load: Load, flight: { isOutdated: boolean }): Reading {
    const key = this.#key(name);
    const feed = this.#store.feedOf(key);
    return { name, key, load, flight, feed, epoch: feed.epoch };
  }

  async #lookUp(name: string, flight: { isOutdated: boolean }): Promise<string | undefined> {
    if (this.#pending.has(name)) return undefined;
    return this.#reader.lookUp(this.#reading(name, async () => undefined, flight));
  }

  /** Reloads a value in the background unless a reload is running. */
  #refresh(name: string, load: Load): void {
    if (this.#refreshes.get(name)) return;
    const work = (flight: Flight<void>) => this.#reader.refresh(this.#reading(name, load, flight));
    this.#refreshes.start(name, work).outcome.catch(() => undefined);
  }

  async #counted(reading: Promise<CachedRead>): Promise<CachedRead> {
    const read = await reading;
    this.#stats[counterOf[read.status]]++;
    return read;
  }

  #handle(message: string): void {
    const invalidation = this.#messages.read(message);
    if (!invalidation) return;
    if (invalidation.name === undefined) this.#forgetAll();
    else this.#forget(invalidation.name);
  }

  #forget(name: string): void {
    this.#local.delete(name);
    for (const flights of [this.#reads, this.#lookups, this.#refreshes]) flights.outdate(name);
  }

  #forgetAll(): void {
    this.#local.clear();
    for (const flights of [this.#reads, this.#lookups, this.#refreshes]) flights.outdateAll();
  }
}
