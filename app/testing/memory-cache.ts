import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Cache, type CacheOptions } from "../src/runtime/cache/cache.ts";
import { MemoryStore } from "./memory-store.ts";

/** The error of the test's origin. */
export class OriginAway extends Error {
  override name = "OriginAway";
}

/** An origin whose reads end at `release` (`load`) or at once (`loadAtOnce`). */
export class Origin {
  value: string | undefined = '{"v":1}';
  reads = 0;
  isAway = false;
  #release: (() => void)[] = [];

  readonly load = async () => {
    this.reads++;
    const seen = this.value;
    await new Promise<void>((resolve) => this.#release.push(resolve));
    return seen;
  };

  readonly loadAtOnce = async () => {
    this.reads++;
    if (this.isAway) throw new OriginAway("no database");
    return this.value;
  };

  async release(): Promise<void> {
    await sleep(1);
    for (const resolve of this.#release.splice(0)) resolve();
  }
}

/** The cache of one process. Several caches may share a store. */
export function openMemoryCache(
  t: TestContext,
  store = new MemoryStore(),
  options: Partial<CacheOptions> = {},
) {
  const clock = { now: 1_000_000 };
  const cache = new Cache(store, {
    prefix: "p:",
    form: "f",
    ttlSeconds: 300,
    staleSeconds: 3600,
    localBytes: 100_000,
    breaker: { failures: 3, pauseMs: 1000 },
    isOriginFailure: (error) => error instanceof OriginAway,
    isUnknownOutcome: (error) => error instanceof OriginAway,
    writeLimitMs: 6000,
    now: () => clock.now,
    random: () => 0,
    ...options,
  });
  t.after(() => cache.close());
  return { store, cache, origin: new Origin(), clock };
}
