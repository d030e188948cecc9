import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { OriginAway, openMemoryCache as setUp } from "../../../testing/memory-cache.ts";
import { MemoryStore } from "../../../testing/memory-store.ts";

test("a value that has expired is read again", async (t) => {
  const { cache, origin, clock } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  origin.value = '{"v":2}';
  clock.now += 299_999;
  assert.equal((await cache.read("k", origin.loadAtOnce)).value, '{"v":1}');
  clock.now += 1;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":2}', status: "MISS" });
});

test("times to live differ by up to a tenth", async (t) => {
  const { cache, origin, clock } = setUp(t, new MemoryStore(), { random: () => 0.999_999 });
  await cache.read("k", origin.loadAtOnce);
  clock.now += 270_000 - 1;
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "HIT");
  clock.now += 2;
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "MISS");
});

test("shortly before its end a value is fetched anew while it is still given", async (t) => {
  let random = 0;
  const { cache, origin, clock } = setUp(t, new MemoryStore(), { random: () => random });
  const slowLoad = async () => {
    clock.now += 1000;
    return origin.loadAtOnce();
  };
  await cache.read("k", slowLoad);
  clock.now += 299_000;
  origin.value = '{"v":2}';
  // −ln(1 − 0.64) is just more than one, and one load's time is left.
  random = 0.64;
  assert.deepEqual(await cache.read("k", slowLoad), { value: '{"v":1}', status: "HIT" });
  random = 0;
  await sleep(5);
  assert.equal(cache.stats.earlyRefreshes, 1);
  assert.deepEqual(await cache.read("k", slowLoad), { value: '{"v":2}', status: "HIT" });
  assert.equal(origin.reads, 2);
});

test("while the origin fails an expired value stands in, from the store or from here, until its stale time is over", async (t) => {
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

test("an error that is not the origin's failure is not covered by a stale value", async (t) => {
  const { cache, origin, clock } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  clock.now += 300_001;
  await assert.rejects(
    cache.read("k", () => Promise.reject(new TypeError("bad"))),
    TypeError,
  );
});

test("an origin that failed several times is tried in the background, once per pause, while stale values are given", async (t) => {
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

test("with the store away reads go to the origin, still shared", async (t) => {
  const { store, cache, origin } = setUp(t);
  store.isAway = true;
  const reads = Array.from({ length: 10 }, () => cache.read("k", origin.load));
  await origin.release();
  assert.ok((await Promise.all(reads)).every((read) => read.status === "BYPASS" && read.value === '{"v":1}'));
  assert.equal(origin.reads, 1);
});

test("an invalidation that the store missed is repeated, and its name is not read from the store until then", async (t) => {
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

test("invalidations that wait are bounded, and dropping one is told", async (t) => {
  const { store, cache } = setUp(t);
  store.isAway = true;
  for (let name = 0; name < 20_003; name++) await cache.invalidate(String(name));
  assert.equal(cache.stats.invalidationsPending, 20_000);
  assert.equal(cache.stats.invalidationsDropped, 3);
});
