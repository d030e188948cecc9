import { randomBytes } from "node:crypto";
import type { CacheStore } from "./cache-store.ts";

/** How a read was answered: from the cache, from the origin past the cache's miss, or with the cache away. */
export type CacheStatus = "HIT" | "MISS" | "BYPASS";

export interface CachedRead {
  /** Undefined: the origin has nothing under this key. */
  value: string | undefined;
  status: CacheStatus;
}

export interface ReadThroughOptions {
  prefix: string;
  ttlMs: number;
  /** Told of every read. */
  onRead?: (status: CacheStatus) => void;
  /** Told when so many invalidations wait that older ones were dropped. */
  onInvalidationsDropped?: () => void;
}

/** No value starts with this: values are JSON. */
const leaseMark = "!";
/** How long a reader may take to fill the place that it claimed. */
const leaseMs = 5_000;
const invalidationRetryMs = 250;
const maxPendingInvalidations = 20_000;

/**
 * A cache in front of an origin that is written elsewhere, with two promises:
 *
 * - A read that starts after `invalidate` resolved, in any process, does not see what was there before. A reader that
 *   misses claims the key with a token of its own, and fills it only if the token is still there; `invalidate`
 *   deletes the token with the value, so a slow reader cannot put an old value back.
 * - Readers of one process that met the same token share one read of the origin.
 *
 * A store that is away fails no request: reads go to the origin (BYPASS), invalidations are repeated until they succeed
 * and their keys bypass the cache in this process until then; other processes may serve the old value meanwhile.
 */
export class ReadThroughCache {
  readonly #store: CacheStore;
  readonly #options: ReadThroughOptions;
  /** Reads of the origin under way, by lease token, or by key when the store is away. */
  readonly #loads = new Map<string, Promise<string | undefined>>();
  /** Invalidations that the store has not taken yet, oldest first, numbered: a later one is not done by an earlier. */
  readonly #pending = new Map<string, number>();
  #invalidations = 0;
  #repeatTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(store: CacheStore, options: ReadThroughOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Invalidations that wait for the store. */
  get pendingInvalidations(): number {
    return this.#pending.size;
  }

  /** @throws what `load` throws; the store's failures are not passed on. */
  async read(name: string, load: () => Promise<string | undefined>): Promise<CachedRead> {
    const key = this.#options.prefix + name;
    const read = await this.#read(key, load);
    this.#options.onRead?.(read.status);
    return read;
  }

  /** To be called after the origin was written. Never rejects. */
  async invalidate(name: string): Promise<void> {
    const key = this.#options.prefix + name;
    const number = ++this.#invalidations;
    this.#loads.delete(key);
    try {
      await this.#store.delete(key);
      if ((this.#pending.get(key) ?? number) < number) this.#pending.delete(key);
    } catch {
      this.#repeatLater(key, number);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#repeatTimer);
  }

  async #read(key: string, load: () => Promise<string | undefined>): Promise<CachedRead> {
    let found: string | null;
    let token = "";
    try {
      if (this.#pending.has(key)) return await this.#bypass(key, load);
      found = await this.#store.get(key);
      if (found === null) {
        token = leaseMark + randomBytes(12).toString("base64url");
        found = await this.#store.claim(key, token, leaseMs);
      }
    } catch {
      return this.#bypass(key, load);
    }
    if (found === null) return { value: await this.#loadAndFill(key, token, load), status: "MISS" };
    if (!found.startsWith(leaseMark)) return { value: found, status: "HIT" };
    // Someone else fills it: whoever it is in this process is joined, another process is not waited for.
    return { value: await this.#share(found, load), status: "MISS" };
  }

  async #bypass(key: string, load: () => Promise<string | undefined>): Promise<CachedRead> {
    return { value: await this.#share(key, load), status: "BYPASS" };
  }

  async #loadAndFill(key: string, token: string, load: () => Promise<string | undefined>) {
    let value: string | undefined;
    try {
      value = await this.#share(token, load);
      return value;
    } finally {
      // Waited for, so that who reads again after this answer finds the value.
      await this.#store.replace(key, token, value, this.#jitter()).catch(() => undefined);
    }
  }

  #share(of: string, load: () => Promise<string | undefined>): Promise<string | undefined> {
    const running = this.#loads.get(of);
    if (running) return running;
    const started = load().finally(() => {
      if (this.#loads.get(of) === started) this.#loads.delete(of);
    });
    this.#loads.set(of, started);
    return started;
  }

  /** Within a tenth below the wanted time, so that keys filled together do not expire together. */
  #jitter(): number {
    return Math.ceil(this.#options.ttlMs * (1 - Math.random() / 10));
  }

  #repeatLater(key: string, number: number): void {
    this.#pending.set(key, Math.max(number, this.#pending.get(key) ?? 0));
    if (this.#pending.size > maxPendingInvalidations) {
      const [oldest] = this.#pending.keys();
      this.#pending.delete(oldest ?? "");
      this.#options.onInvalidationsDropped?.();
    }
    this.#scheduleRepeat();
  }

  #scheduleRepeat(): void {
    if (this.#closed || this.#repeatTimer) return;
    this.#repeatTimer = setTimeout(() => void this.#repeat(), invalidationRetryMs).unref();
  }

  async #repeat(): Promise<void> {
    const tried = [...this.#pending];
    const results = await Promise.allSettled(tried.map(([key]) => this.#store.delete(key)));
    tried.forEach(([key, number], index) => {
      if (results[index]?.status === "fulfilled" && this.#pending.get(key) === number)
        this.#pending.delete(key);
    });
    this.#repeatTimer = undefined;
    if (this.#pending.size > 0) this.#scheduleRepeat();
  }
}
