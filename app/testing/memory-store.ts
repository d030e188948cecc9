import { type CacheStore, CacheUnavailable } from "../src/runtime/cache/cache-store.ts";

/** A store in memory that can be away. */
export class MemoryStore implements CacheStore {
  readonly values = new Map<string, string>();
  isAway = false;
  calls = 0;

  async get(key: string): Promise<string | null> {
    this.#call();
    return this.values.get(key) ?? null;
  }

  async claim(key: string, value: string): Promise<string | null> {
    this.#call();
    const there = this.values.get(key) ?? null;
    if (there === null) this.values.set(key, value);
    return there;
  }

  async replace(key: string, expected: string, value: string | undefined): Promise<void> {
    this.#call();
    if (this.values.get(key) !== expected) return;
    if (value === undefined) this.values.delete(key);
    else this.values.set(key, value);
  }

  async delete(key: string): Promise<void> {
    this.#call();
    this.values.delete(key);
  }

  #call(): void {
    this.calls++;
    if (this.isAway) throw new CacheUnavailable("away");
  }
}
