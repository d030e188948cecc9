import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CacheConfig } from "../src/config/config.ts";
import { Cache } from "../src/runtime/cache/cache.ts";
import { RedisStore } from "../src/runtime/cache/redis-store.ts";
import { OriginAway } from "./memory-cache.ts";

/** The cache of one process on real Redis nodes. It is connected, and closed when the test ends. */
export async function openCache(
  t: Pick<TestContext, "after">,
  nodes: CacheConfig["nodes"],
  more: Partial<CacheConfig> = {},
) {
  const config: CacheConfig = {
    mode: "cluster",
    nodes,
    username: "default",
    password: undefined,
    database: 0,
    connectTimeoutMs: 500,
    keepAliveMs: 5000,
    ttlSeconds: 300,
    staleSeconds: 3600,
    prefix: "bw:",
    timeoutMs: 200,
    localBytes: 1024 ** 2,
    breaker: { failures: 3, pauseMs: 300 },
    ...more,
  };
  const logged: string[] = [];
  const log = (facts: object, message: string) => logged.push(`${message} ${JSON.stringify(facts)}`);
  const store = new RedisStore(config, { info: log, warn: log });
  const isAway = (error: unknown) => error instanceof OriginAway;
  const cache = new Cache(store, {
    ...config,
    form: "f",
    isOriginFailure: isAway,
    isUnknownOutcome: isAway,
    writeLimitMs: 6000,
  });
  t.after(async () => {
    await cache.close();
    store.close();
  });
  await store.start();
  return { cache, store, logged };
}

/**
 * Waits for a condition, for at most 20 s.
 *
 * @returns the time that it took, in milliseconds
 */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string): Promise<number> {
  const startedAt = performance.now();
  while (!(await isTrue())) {
    if (performance.now() - startedAt > 20_000) throw new Error(`timed out waiting until ${what}`);
    await sleep(1);
  }
  return performance.now() - startedAt;
}
