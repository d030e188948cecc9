import { cacheKey, cacheKeyGlob } from "./cache-key.ts";
import { type CacheStats, type CacheStatus, emptyCacheStats } from "./cache-stats.ts";
import type { CacheStore } from "./cache-store.ts";
import { type Flight, Flights } from "./flights.ts";
import { InvalidationMessages } from "./invalidation-message.ts";
import { LoadBatch, type LoadMany } from "./load-batch.ts";
import { isCurrent, LocalCache } from "./local-cache.ts";
import { PendingInvalidations } from "./pending-invalidations.ts";
import { type CachedRead, type Load, type Reading, StoreReader } from "./store-reader.ts";

export interface CacheOptions {
  /** In front of every key. */
  prefix: string;
  ttlSeconds: number;
  /** How long after its time a value may stand in for an origin that fails. */
  staleSeconds: number;
  /** Of the copies in this process; 0 keeps none. */
  localBytes: number;
  /** For the origin: while it is open, values that are stale are given at once. */
  breaker: { failures: number; pauseMs: number };
  /** Whether what a load threw means that the origin fails, and not that the question was wrong. */
  isOriginFailure: (error: unknown) => boolean;
  now?: () => number;
  random?: () => number;
}

/**
 * A cache in two levels, copies in this process (L1) and a store that all processes share (L2), before an origin that is
 * written elsewhere. Names are the caller's, values are texts.
 *
 * - A read that starts after `invalidate` resolved does not see what was there before: in the same process at once, in
 *   others as soon as they are told, within 100 ms. A reader that misses takes a lease on the place and fills it only while
 *   it holds it; `invalidate` takes the lease away with the value, so a slow reader cannot put an old value back.
 * - A process that cannot be told (its feed broke) serves no copies until it can, and then none that it made before.
 * - One read of the origin per process and expiry, however many want it; usually one over all processes, since a reader that
 *   meets another's lease waits shortly for it. Shortly before its end a value is fetched anew in the background.
 * - While the origin fails, what has expired is still given (STALE), for as long as the options say; with the store away,
 *   from this process.
 * - A store that is away fails no request: reads go to the origin (BYPASS), invalidations are repeated until they succeed and
 *   their names bypass the store in this process until then; other processes may serve the old value meanwhile. So they may
 *   when the store loses a write that it has confirmed (Redis fails over to a replica that did not have it yet).
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
    this.#reader = new StoreReader(store, this.#local, this.#stats, {
      ...options,
      now: this.#now,
      random: this.#random,
      refresh: (name, load) => this.#refresh(name, load),
    });
    store.listen((message) => this.#hear(message));
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
   * The value under a name, from the nearest place that has it.
   *
   * @throws what `load` throws, unless there is a stale value; the store's failures are not passed on.
   */
  read(name: string, load: Load): Promise<CachedRead> {
    const hit = this.#localHit(name, load);
    if (hit) return Promise.resolve(hit);
    return this.#counted(this.#join(name, load, (key) => this.#store.get(key)));
  }

  /**
   * As `read`, for several names at once: one question to the store, and one to the origin for what is missing (a few when
   * other processes are loading some of it). In the order of the names.
   *
   * @throws what `loadMany` throws
   */
  readMany(names: readonly string[], loadMany: LoadMany): Promise<CachedRead[]> {
    const reads = new Map<string, Promise<CachedRead>>();
    const missing: string[] = [];
    for (const name of new Set(names)) {
      // What is due early is fetched alone: it is not waited for.
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

  /** To be called after the origin was written. Never rejects. */
  async invalidate(name: string): Promise<void> {
    this.#stats.invalidations++;
    if (!(await this.#pending.deliver(name))) this.#stats.storeErrors++;
    // What was read meanwhile may have been there before.
    this.#forget(name);
  }

  /** What is kept under a name and fresh. Never rejects. */
  async get(name: string): Promise<string | undefined> {
    const copy = this.#local.get(name);
    if (copy && isCurrent(copy) && copy.expiresAt > this.#now()) return copy.value;
    const lookup =
      this.#lookups.get(name) ?? this.#lookups.start(name, (flight) => this.#lookUp(name, flight));
    return lookup.outcome;
  }

  /** Keeps a value under a name, in place of another. Never rejects; tells whether it is kept. */
  async set(name: string, value: string, ttlMs = this.#options.ttlSeconds * 1000): Promise<boolean> {
    const text = this.#reader.textOf(value, 0, ttlMs);
    const staleMs = this.#options.staleSeconds * 1000;
    try {
      await this.#store.put(this.#key(name), text, ttlMs + staleMs, this.#messages.write(name));
      return true;
    } catch {
      // Whatever is there now is not what was meant to be there.
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
   * Empties the places of all names that match a glob (`*`, `?`, `[a-z]`), in the store; and those of all names in the
   * processes, which fill theirs again from the store. Gives how many there were.
   *
   * @throws {ClearIncomplete}
   */
  async clear(pattern: string): Promise<number> {
    try {
      return await this.#store.clear(cacheKeyGlob(this.#options.prefix, pattern), this.#messages.write());
    } finally {
      this.#forgetAll();
    }
  }

  close(): void {
    this.#pending.close();
  }

  #key(name: string): string {
    return cacheKey(this.#options.prefix, name);
  }

  #localHit(name: string, load: Load): CachedRead | undefined {
    const copy = this.#local.get(name);
    if (copy === undefined || !isCurrent(copy)) return undefined;
    if (copy.expiresAt <= this.#now()) return undefined;
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

  /** Loads again in the background, once at a time. */
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

  #hear(message: string): void {
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

const counterOf = { HIT: "hits", MISS: "misses", STALE: "stale", BYPASS: "bypass" } as const satisfies Record<
  CacheStatus,
  keyof CacheStats
>;
