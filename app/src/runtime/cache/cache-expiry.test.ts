import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { OriginAway, openMemoryCache as setUp } from "../../../testing/memory-cache.ts";
import { MemoryStore } from "../../../testing/memory-store.ts";

test("Cache reads the origin again when a value has expired", async (t) => {
  const { cache, origin, clock } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  origin.value = '{"v":2}';
  clock.now += 299_999;
  assert.equal((await cache.read("k", origin.loadAtOnce)).value, '{"v":1}');
  clock.now += 1;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":2}', status: "MISS" });
});

test("Cache shortens times to live by up to a tenth at random", async (t) => {
  const { cache, origin, clock } = setUp(t, new MemoryStore(), { random: () => 0.999_999 });
  await cache.read("k", origin.loadAtOnce);
  clock.now += 270_000 - 1;
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "HIT");
  clock.now += 2;
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "MISS");
});

test("Cache reloads a value shortly before it expires, and serves it in the meantime", async (t) => {
  let random = 0;
  const { cache, origin, clock } = setUp(t, new MemoryStore(), { random: () => random });
  const slowLoad = async () => {
    clock.now += 1000;
    return origin.loadAtOnce();
  };
  await cache.read("k", slowLoad);
  clock.now += 299_000;
  origin.value = '{"v":2}';
  // −ln(1 − 0.64) is slightly above 1, and the remaining time equals one load time.
  random = 0.64;
  assert.deepEqual(await cache.read("k", slowLoad), { value: '{"v":1}', status: "HIT" });
  random = 0;
  await sleep(5);
  assert.equal(cache.stats.earlyRefreshes, 1);
  assert.deepEqual(await cache.read("k", slowLoad), { value: '{"v":2}', status: "HIT" });
  assert.equal(origin.reads, 2);
});

test("Cache serves an expired value from store or process while the origin fails, until its stale time is over", async (t) => {
  const { store, cache, origin, clock } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  origin.isAway = true;
  clock.now += 300_001;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":1}', status: "STALE" });
  const other = setUp(t, store);
  other.clock.now = clock.now;
  assert.equal((await other.cache.read("k", origin.loadAtOnce)).status, "STALE");
  store.isAway = true;
  store.feed.isLive = false;
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "STALE");
  clock.now += 3_600_000;
  await assert.rejects(cache.read("k", origin.loadAtOnce), OriginAway);
  origin.isAway = false;
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "BYPASS");
});

test("Cache passes on an error when it is not a failure of the origin", async (t) => {
  const { cache, origin, clock } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  clock.now += 300_001;
  await assert.rejects(
    cache.read("k", () => Promise.reject(new TypeError("bad"))),
    TypeError,
  );
});

test("Cache serves stale values and tries the origin once per pause when it failed several times", async (t) => {
  const { cache, origin, clock } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  origin.isAway = true;
  clock.now += 300_001;
  for (let read = 0; read < 5; read++) await cache.read("k", origin.loadAtOnce);
  assert.equal(origin.reads, 1 + 3);
  assert.equal(cache.stats.originBreakerOpen, 1);
  origin.isAway = false;
  clock.now += 1001;
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "STALE");
  await sleep(5);
  assert.equal(cache.stats.originBreakerOpen, 0);
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "HIT");
});

test("Cache shares reads of the origin when the store is unreachable", async (t) => {
  const { store, cache, origin } = setUp(t);
  store.isAway = true;
  const reads = Array.from({ length: 10 }, () => cache.read("k", origin.load));
  await origin.release();
  assert.ok((await Promise.all(reads)).every((read) => read.status === "BYPASS" && read.value === '{"v":1}'));
  assert.equal(origin.reads, 1);
});

test("Cache repeats a failed invalidation, and bypasses the store for its name until then", async (t) => {
  const { store, cache, origin } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  store.isAway = true;
  store.feed.isLive = false;
  origin.value = '{"v":2}';
  await cache.invalidate("k");
  assert.equal(cache.stats.invalidationsPending, 1);
  store.isAway = false;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":2}', status: "BYPASS" });
  while (cache.stats.invalidationsPending > 0) await sleep(20);
  assert.equal(store.texts.size, 0);
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "MISS");
});

test("Cache bounds pending invalidations, and counts dropped ones", async (t) => {
  const { store, cache } = setUp(t);
  store.isAway = true;
  for (let name = 0; name < 20_003; name++) await cache.invalidate(String(name));
  assert.equal(cache.stats.invalidationsPending, 20_000);
  assert.equal(cache.stats.invalidationsDropped, 3);
});
