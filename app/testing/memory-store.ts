import {
  type CacheStore,
  CacheUnavailable,
  type Claim,
  type Feed,
} from "../src/runtime/cache/cache-store.ts";

/** A store in memory, shared by any number of caches as if they were processes. It can be made unreachable. */
export class MemoryStore implements CacheStore {
  readonly texts = new Map<string, string>();
  readonly leases = new Map<string, string>();
  readonly feed = { isLive: true, epoch: 1, trustedUntil: Number.POSITIVE_INFINITY };
  readonly #listeners: ((message: string) => void)[] = [];
  /** Messages that wait for `deliverHeld` while `isHolding`. */
  readonly held: string[] = [];
  isHolding = false;
  isAway = false;
  calls = 0;

  async get(key: string): Promise<string | null> {
    this.#call();
    return this.texts.get(key) ?? null;
  }

  async getMany(keys: readonly string[]): Promise<(string | null | undefined)[]> {
    this.calls++;
    return keys.map((key) => (this.isAway ? undefined : (this.texts.get(key) ?? null)));
  }

  async claim(key: string, seen: string, token: string): Promise<Claim> {
    this.#call();
    const text = this.texts.get(key);
    if (text !== undefined && (seen === "" || !text.startsWith(seen))) return { text };
    const heldBy = this.leases.get(key);
    if (heldBy !== undefined) return { heldBy };
    this.leases.set(key, token);
    return { claimed: true };
  }

  async fill(key: string, token: string, text: string | undefined): Promise<boolean> {
    this.#call();
    if (this.leases.get(key) !== token) return false;
    this.leases.delete(key);
    if (text === undefined) this.texts.delete(key);
    else this.texts.set(key, text);
    return true;
  }

  async release(key: string, token: string): Promise<void> {
    this.#call();
    if (this.leases.get(key) === token) this.leases.delete(key);
  }

  async put(key: string, text: string, _ttlMs: number, message: string): Promise<void> {
    this.#call();
    this.leases.delete(key);
    this.texts.set(key, text);
    this.#publish(message);
  }

  async delete(key: string, message: string): Promise<void> {
    this.#call();
    this.leases.delete(key);
    this.texts.delete(key);
    this.#publish(message);
  }

  /** Supports only a trailing `*` in globs. */
  async clear(glob: string, message: string): Promise<number> {
    this.#call();
    const start = glob.replace(/\*+\}?\*?$/, "");
    const keys = [...this.texts.keys()].filter((key) => key.startsWith(start));
    for (const key of keys) this.texts.delete(key);
    this.leases.clear();
    this.#publish(message);
    return keys.length;
  }

  feedOf(): Feed {
    return this.feed;
  }

  listen(listener: (message: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Delivers the held messages. */
  deliverHeld(): void {
    for (const message of this.held.splice(0)) for (const listener of this.#listeners) listener(message);
  }

  #publish(message: string): void {
    this.held.push(message);
    if (!this.isHolding) this.deliverHeld();
  }

  #call(): void {
    this.calls++;
    if (this.isAway) throw new CacheUnavailable("away");
  }
}
