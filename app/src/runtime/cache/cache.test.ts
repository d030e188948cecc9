import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openMemoryCache as setUp } from "../../../testing/memory-cache.ts";

test("Cache misses on the first read, and then hits in this process and in others", async (t) => {
  const { store, cache, origin } = setUp(t);
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":1}', status: "MISS" });
  const callsBefore = store.calls;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":1}', status: "HIT" });
  assert.equal(store.calls, callsBefore);
  assert.deepEqual(await setUp(t, store).cache.read("k", origin.loadAtOnce), {
    value: '{"v":1}',
    status: "HIT",
  });
  assert.equal(origin.reads, 1);
  assert.deepEqual([...store.texts.keys()], ["p:{k}"]);
  assert.equal(store.leases.size, 0);
  const { hits, localHits, misses, originReads } = cache.stats;
  assert.deepEqual([hits, localHits, misses, originReads], [1, 1, 1, 1]);
});

test("Cache keeps no entry and no lease when the origin has no value", async (t) => {
  const { store, cache, origin } = setUp(t);
  origin.value = undefined;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: undefined, status: "MISS" });
  assert.equal(store.texts.size + store.leases.size, 0);
});

test("Cache reads the origin once for concurrent readers of a cold name", async (t) => {
  const { cache, origin } = setUp(t);
  const reads = Array.from({ length: 500 }, () => cache.read("k", origin.load));
  await origin.release();
  const results = await Promise.all(reads);
  assert.equal(origin.reads, 1);
  assert.ok(results.every((result) => result.value === '{"v":1}' && result.status === "MISS"));
});

test("Cache rejects the readers and frees the lease when the origin fails", async (t) => {
  const { store, cache, origin } = setUp(t);
  const broken = () => Promise.reject(new Error("no database"));
  await assert.rejects(cache.read("k", broken), /no database/);
  assert.equal(store.texts.size + store.leases.size, 0);
  assert.equal((await cache.read("k", origin.loadAtOnce)).value, '{"v":1}');
});

test("Cache does not restore an old value when a slow reader ends after an invalidation", async (t) => {
  const { store, cache, origin } = setUp(t);
  const slow = cache.read("k", origin.load);
  await sleep(1);
  origin.value = '{"v":2}';
  await cache.invalidate("k");
  await origin.release();
  assert.equal((await slow).value, '{"v":1}');
  assert.equal(store.texts.size, 0);
  assert.equal((await cache.read("k", origin.loadAtOnce)).value, '{"v":2}');
});

test("Cache starts a new read after an invalidation, in this process and in others", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  const before = [one.cache.read("k", one.origin.load), two.cache.read("k", one.origin.load)];
  await sleep(1);
  one.origin.value = '{"v":2}';
  await one.cache.invalidate("k");
  const after = [two.cache.read("k", one.origin.load), one.cache.read("k", one.origin.load)];
  while ((await Promise.race([Promise.all(after), one.origin.release()])) === undefined);
  for (const read of await Promise.all(before)) assert.ok(read.value);
  for (const read of await Promise.all(after)) assert.equal(read.value, '{"v":2}');
});

test("invalidate removes the copies of other processes", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  await one.cache.read("k", one.origin.loadAtOnce);
  assert.equal((await two.cache.read("k", one.origin.loadAtOnce)).status, "HIT");
  one.origin.value = '{"v":2}';
  await one.cache.invalidate("k");
  assert.equal((await two.cache.read("k", one.origin.loadAtOnce)).value, '{"v":2}');
});

test("Cache keeps no copy of a value read during an invalidation", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  await one.cache.read("k", one.origin.loadAtOnce);
  // The message reaches the second process before the store's reply does.
  const get = one.store.get.bind(one.store);
  let deliver: () => void = () => undefined;
  one.store.get = async (key) => {
    const text = await get(key);
    await new Promise<void>((resolve) => {
      deliver = resolve;
    });
    return text;
  };
  const read = two.cache.read("k", one.origin.loadAtOnce);
  await sleep(1);
  one.origin.value = '{"v":2}';
  await one.cache.invalidate("k");
  deliver();
  assert.equal((await read).value, '{"v":1}');
  one.store.get = get;
  assert.equal((await two.cache.read("k", one.origin.loadAtOnce)).value, '{"v":2}');
});

test("Cache keeps no copy when a slow reader has lost its lease, even before the invalidation arrives", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  one.store.isHolding = true;
  const slow = two.cache.read("k", one.origin.load);
  await sleep(1);
  one.origin.value = '{"v":2}';
  await one.cache.invalidate("k");
  await one.origin.release();
  assert.equal((await slow).value, '{"v":1}');
  assert.equal((await two.cache.read("k", one.origin.loadAtOnce)).value, '{"v":2}');
});

test("Cache uses no copies while their feed is broken, nor older copies when it is back", async (t) => {
  const { store, cache, origin } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  store.feed.isLive = false;
  store.texts.clear();
  origin.value = '{"v":2}';
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":2}', status: "MISS" });
  const callsBefore = store.calls;
  await cache.read("k", origin.loadAtOnce);
  assert.ok(store.calls > callsBefore, "the store was asked");
  store.feed.isLive = true;
  store.feed.epoch++;
  store.texts.clear();
  origin.value = '{"v":3}';
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":3}', status: "MISS" });
});

test("Cache waits for the value when another process has the lease", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  const filling = one.cache.read("k", one.origin.load);
  await sleep(1);
  const waiting = two.cache.read("k", two.origin.loadAtOnce);
  await one.origin.release();
  assert.equal((await filling).status, "MISS");
  assert.deepEqual(await waiting, { value: '{"v":1}', status: "HIT" });
  assert.equal(two.origin.reads, 0);
});

test("Cache reads the origin when the process with the lease takes too long", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  const filling = one.cache.read("k", one.origin.load);
  await sleep(1);
  assert.deepEqual(await two.cache.read("k", two.origin.loadAtOnce), { value: '{"v":1}', status: "MISS" });
  await one.origin.release();
  await filling;
});
