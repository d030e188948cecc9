import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { CacheStats, CacheStatus } from "./cache-stats.ts";
import { type CacheStore, CacheUnavailable, type Claim, type Feed } from "./cache-store.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { isDueEarly } from "./early-refresh.ts";
import type { LocalCache } from "./local-cache.ts";
import { fromStoredText, headerOf, type StoredValue, toStoredText } from "./stored-text.ts";

/** Loads a value from the origin; undefined if the origin has no such value. */
export type Load = () => Promise<string | undefined>;

/** The result of a read. */
export interface CachedRead {
  /** Undefined if the origin has no such value. */
  value: string | undefined;
  status: CacheStatus;
}

/** A running read of one name. */
export interface Reading {
  name: string;
  key: string;
  load: Load;
  flight: { isOutdated: boolean };
  /** Feed of the key, and its epoch when the read started. */
  feed: Feed;
  epoch: number;
}

/** Settings of a {@link StoreReader}. */
export interface StoreReaderOptions {
  form: string;
  ttlSeconds: number;
  staleSeconds: number;
  breaker: { failures: number; pauseMs: number };
  isOriginFailure: (error: unknown) => boolean;
  now: () => number;
  random: () => number;
  /** Reloads a name in the background. */
  refresh: (name: string, load: Load) => void;
}

/** Time that a reader has to fill an entry after it took the lease. */
const leaseMs = 5_000;
/** Time that a reader waits for the load of another process before it reads the origin itself. */
const fillWaitMs = 250;
const firstFillPollMs = 2;
const maxFillPollMs = 40;

/** Reads from the store, or from the origin under the store's lease. Keeps copies in this process. */
export class StoreReader {
  readonly #store: CacheStore;
  readonly #local: LocalCache;
  readonly #stats: CacheStats;
  readonly #options: StoreReaderOptions;
  readonly #origin: CircuitBreaker;
  readonly #self = randomBytes(9).toString("base64url");
  #leases = 0;

  constructor(store: CacheStore, local: LocalCache, stats: CacheStats, options: StoreReaderOptions) {
    this.#store = store;
    this.#local = local;
    this.#stats = stats;
    this.#options = options;
    this.#origin = new CircuitBreaker({ ...options.breaker, now: options.now });
  }

  /** The origin has failed several times in a row and has not answered since. */
  get originFails(): boolean {
    return !this.#origin.isClosed;
  }

  isDueEarly({ expiresAt, loadMs }: StoredValue): boolean {
    return isDueEarly(expiresAt - this.#options.now(), loadMs, this.#options.random());
  }

  async read(reading: Reading, lookup: () => Promise<string | null | undefined>): Promise<CachedRead> {
    let text: string | null | undefined;
    try {
      text = await lookup();
      if (text === undefined) throw new CacheUnavailable("no answer");
    } catch {
      this.#stats.storeErrors++;
      return this.bypass(reading);
    }
    const stored = text === null ? undefined : fromStoredText(text, this.#options.form);
    if (!stored || !this.#isFresh(stored)) return this.#refill(reading, text ?? "", stored);
    this.#keep(reading, stored);
    if (this.isDueEarly(stored)) this.#options.refresh(reading.name, reading.load);
    return { value: stored.value, status: "HIT" };
  }

  /** Returns the store's value if it is fresh. Never rejects. */
  async lookUp(reading: Reading): Promise<string | undefined> {
    try {
      const text = await this.#store.get(reading.key);
      const stored = text === null ? undefined : fromStoredText(text, this.#options.form);
      if (!stored || !this.#isFresh(stored)) return undefined;
      this.#keep(reading, stored);
      return stored.value;
    } catch {
      this.#stats.storeErrors++;
      return undefined;
    }
  }

  /** Reads from the origin without the store. */
  bypass(reading: Reading, stored?: StoredValue): Promise<CachedRead> {
    return this.#orStale(reading, stored, async () => {
      return { value: await this.#loadOnly(reading), status: "BYPASS" };
    });
  }

  /** Reloads a value before it expires, unless another process is doing so or has done so. */
  async refresh(reading: Reading): Promise<void> {
    const token = this.#newToken();
    let claim: Claim;
    try {
      const text = await this.#store.get(reading.key);
      const stored = text === null ? undefined : fromStoredText(text, this.#options.form);
      const copy = this.#local.get(reading.name);
      // Another process has reloaded it.
      if (stored && copy && stored.expiresAt > copy.expiresAt) return this.#keep(reading, stored);
      claim = await this.#store.claim(reading.key, headerOf(text ?? ""), token, leaseMs);
    } catch {
      this.#stats.storeErrors++;
      await this.#loadOnly(reading);
      return;
    }
    if (!("claimed" in claim)) return;
    this.#stats.earlyRefreshes++;
    await this.#loadAndFill(reading, token);
  }

  /** The stored text of a value. Its time to live has jitter, so that values loaded together do not expire together. */
  textOf(value: string, loadMs: number, ttlMs: number): string {
    return toStoredText({ value, loadMs, expiresAt: this.#expiry(ttlMs) }, this.#options.form);
  }

  async #refill(reading: Reading, text: string, stored: StoredValue | undefined): Promise<CachedRead> {
    return this.#orStale(reading, stored, async () => {
      const token = this.#newToken();
      let claim: Claim;
      try {
        claim = await this.#claim(reading, headerOf(text), token);
      } catch {
        this.#stats.storeErrors++;
        return { value: await this.#loadOnly(reading), status: "BYPASS" };
      }
      if ("text" in claim) {
        const filled = fromStoredText(claim.text, this.#options.form);
        if (filled && this.#isFresh(filled)) {
          this.#keep(reading, filled);
          return { value: filled.value, status: "HIT" };
        }
      }
      const value =
        "claimed" in claim ? await this.#loadAndFill(reading, token) : await this.#loadOnly(reading);
      return { value, status: "MISS" };
    });
  }

  /** Takes the lease, or waits briefly for the reader that has it. Then the result is that reader's text or lease. */
  async #claim(reading: Reading, seen: string, token: string): Promise<Claim> {
    let waitedMs = 0;
    for (let pauseMs = firstFillPollMs; ; pauseMs = Math.min(2 * pauseMs, maxFillPollMs)) {
      const claim = await this.#store.claim(reading.key, seen, token, leaseMs);
      if (!("heldBy" in claim)) return claim;
      if (waitedMs === 0) this.#stats.fillWaits++;
      if (waitedMs + pauseMs > fillWaitMs) return claim;
      await sleep(pauseMs);
      waitedMs += pauseMs;
    }
  }

  async #loadAndFill(reading: Reading, token: string): Promise<string | undefined> {
    let loaded: StoredValue | undefined;
    try {
      loaded = await this.#load(reading);
    } catch (error) {
      this.#store.release(reading.key, token).catch(() => undefined);
      throw error;
    }
    const keptMs = (loaded ? loaded.expiresAt - this.#options.now() : 0) + this.#options.staleSeconds * 1000;
    // The read waits for the fill, so that a client that repeats the request finds the value in the store.
    const isFilled = await this.#store
      .fill(
        reading.key,
        token,
        loaded && toStoredText(loaded, this.#options.form),
        Math.max(1, Math.ceil(keptMs)),
      )
      .catch(() => undefined);
    if (isFilled === undefined) this.#stats.storeErrors++;
    // If the lease is lost, there may have been an invalidation that this process has not received yet.
    if (loaded && isFilled !== false) this.#keep(reading, loaded);
    return loaded?.value;
  }

  async #loadOnly(reading: Reading): Promise<string | undefined> {
    const loaded = await this.#load(reading);
    if (loaded) this.#keep(reading, loaded);
    return loaded?.value;
  }

  async #load(reading: Reading): Promise<StoredValue | undefined> {
    this.#stats.originReads++;
    const startedAt = this.#options.now();
    try {
      const value = await reading.load();
      this.#origin.succeeded();
      if (value === undefined) return undefined;
      const loadMs = Math.max(0, this.#options.now() - startedAt);
      return { value, loadMs, expiresAt: this.#expiry(this.#options.ttlSeconds * 1000) };
    } catch (error) {
      if (this.#options.isOriginFailure(error)) {
        this.#stats.originFailures++;
        this.#origin.failed();
      }
      throw error;
    }
  }

  /** Runs `fetch`; while the origin fails, returns the newest stale value instead if there is one. */
  async #orStale(
    reading: Reading,
    stored: StoredValue | undefined,
    fetch: () => Promise<CachedRead>,
  ): Promise<CachedRead> {
    if (!this.#origin.isClosed) {
      const stale = this.#stale(reading, stored);
      if (stale) {
        if (this.#origin.takeTrial()) this.#options.refresh(reading.name, reading.load);
        return stale;
      }
    }
    try {
      return await fetch();
    } catch (error) {
      const stale = this.#options.isOriginFailure(error) ? this.#stale(reading, stored) : undefined;
      if (stale) return stale;
      throw error;
    }
  }

  #stale(reading: Reading, stored: StoredValue | undefined): CachedRead | undefined {
    const copy = this.#local.get(reading.name);
    const newest = stored && (!copy || stored.expiresAt > copy.expiresAt) ? stored : copy;
    if (!newest || newest.expiresAt + this.#options.staleSeconds * 1000 <= this.#options.now())
      return undefined;
    // The copy in this process helps if the store fails too.
    if (newest === stored) this.#keep(reading, stored);
    return { value: newest.value, status: "STALE" };
  }

  #keep({ name, flight, feed, epoch }: Reading, stored: StoredValue): void {
    if (flight.isOutdated) return;
    this.#local.set(name, { ...stored, feed, epoch, hit: { value: stored.value, status: "HIT" } });
  }

  #isFresh(stored: StoredValue): boolean {
    return stored.expiresAt > this.#options.now();
  }

  #expiry(ttlMs: number): number {
    return this.#options.now() + Math.ceil(ttlMs * (1 - this.#options.random() / 10));
  }

  #newToken(): string {
    return `${this.#self}.${(++this.#leases).toString(36)}`;
  }
}
