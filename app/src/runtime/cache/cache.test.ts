import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openMemoryCache as setUp } from "../../../testing/memory-cache.ts";

test("a first read is a miss, the next ones are hits in this process and from the store in another", async (t) => {
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

test("what the origin does not have is not kept, and leaves no lease behind", async (t) => {
  const { store, cache, origin } = setUp(t);
  origin.value = undefined;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: undefined, status: "MISS" });
  assert.equal(store.texts.size + store.leases.size, 0);
});

test("readers of a cold name share one read of the origin", async (t) => {
  const { cache, origin } = setUp(t);
  const reads = Array.from({ length: 500 }, () => cache.read("k", origin.load));
  await origin.release();
  const answers = await Promise.all(reads);
  assert.equal(origin.reads, 1);
  assert.ok(answers.every((answer) => answer.value === '{"v":1}' && answer.status === "MISS"));
});

test("an origin that fails fails its readers and frees the place", async (t) => {
  const { store, cache, origin } = setUp(t);
  const broken = () => Promise.reject(new Error("no database"));
  await assert.rejects(cache.read("k", broken), /no database/);
  assert.equal(store.texts.size + store.leases.size, 0);
  assert.equal((await cache.read("k", origin.loadAtOnce)).value, '{"v":1}');
});

test("a slow reader does not put an old value back after an invalidation", async (t) => {
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

test("a read after an invalidation does not join one from before it, in this process or another", async (t) => {
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

test("an invalidation reaches the copies of other processes", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  await one.cache.read("k", one.origin.loadAtOnce);
  assert.equal((await two.cache.read("k", one.origin.loadAtOnce)).status, "HIT");
  one.origin.value = '{"v":2}';
  await one.cache.invalidate("k");
  assert.equal((await two.cache.read("k", one.origin.loadAtOnce)).value, '{"v":2}');
});

test("what was read while an invalidation was on its way is not kept", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  await one.cache.read("k", one.origin.loadAtOnce);
  // The store's answer is on its way to two while the message overtakes it.
  const get = one.store.get.bind(one.store);
  let answer: () => void = () => undefined;
  one.store.get = async (key) => {
    const text = await get(key);
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return text;
  };
  const read = two.cache.read("k", one.origin.loadAtOnce);
  await sleep(1);
  one.origin.value = '{"v":2}';
  await one.cache.invalidate("k");
  answer();
  assert.equal((await read).value, '{"v":1}');
  one.store.get = get;
  assert.equal((await two.cache.read("k", one.origin.loadAtOnce)).value, '{"v":2}');
});

test("a slow reader who lost the lease keeps nothing, even before it is told why", async (t) => {
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

test("copies do not count while their feed is broken, nor those from before when it is back", async (t) => {
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

test("a process that meets another's lease waits for its value", async (t) => {
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

test("but not for ever", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  const filling = one.cache.read("k", one.origin.load);
  await sleep(1);
  assert.deepEqual(await two.cache.read("k", two.origin.loadAtOnce), { value: '{"v":1}', status: "MISS" });
  await one.origin.release();
  await filling;
});
