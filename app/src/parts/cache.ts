/** Two-level cache: docs/parts.md#cache of Breakwater. */

export type { CacheConfig } from "../config/config.ts";
export { Cache, type CacheOptions } from "../runtime/cache/cache.ts";
export type { CacheStore } from "../runtime/cache/cache-store.ts";
export { RedisStore } from "../runtime/cache/redis-store.ts";
export type { CachedRead, Load } from "../runtime/cache/store-reader.ts";
