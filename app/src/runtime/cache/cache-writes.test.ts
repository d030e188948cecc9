import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { OriginAway, openMemoryCache as setUp } from "../../../testing/memory-cache.ts";
import { MemoryStore } from "../../../testing/memory-store.ts";

const lost = () => Promise.reject(new OriginAway("the answer is lost"));

test("Cache takes a value of another form for missing, and an invalidation covers all forms", async (t) => {
  const old = setUp(t, new MemoryStore(), { form: "old" });
  const { cache, store } = setUp(t, old.store, { form: "new" });
  await old.cache.read("k", async () => "old form");
  assert.deepEqual(await cache.read("k", async () => "new form"), { value: "new form", status: "MISS" });
  assert.equal(store.texts.size, 1);
  await old.cache.invalidate("k");
  assert.deepEqual(await cache.read("k", async () => "newer"), { value: "newer", status: "MISS" });
});

test("Cache serves no value of another form while the origin fails", async (t) => {
  const old = setUp(t, new MemoryStore(), { form: "old" });
  await old.cache.read("k", async () => "old form");
  const { cache, clock } = setUp(t, old.store, { form: "new" });
  clock.now += 300_001;
  await assert.rejects(cache.read("k", lost), OriginAway);
});

test("Cache uses no copies after its process was stopped, until the feed has shown that it is live", async (t) => {
  const store = new MemoryStore();
  const { cache, origin, clock } = setUp(t, store);
  store.feed.trustedUntil = clock.now + 3000;
  await cache.read("k", origin.loadAtOnce);
  const callsBefore = store.calls;
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "HIT");
  assert.equal(store.calls, callsBefore);
  clock.now += 3000;
  await cache.read("k", origin.loadAtOnce);
  assert.ok(store.calls > callsBefore, "the store was asked");
});

test("write invalidates after a success, and not after an error that excludes a write", async (t) => {
  const { cache, origin } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  await assert.rejects(
    cache.write("k", () => Promise.reject(new Error("invalid"))),
    /invalid/,
  );
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "HIT");
  assert.equal(await cache.write("k", async () => "written"), "written");
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "MISS");
});

test("close invalidates writes with unknown outcome without waiting for their time limit", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  await assert.rejects(one.cache.write("k", lost), OriginAway);
  await two.cache.read("k", two.origin.loadAtOnce);
  await one.cache.close();
  assert.equal((await two.cache.read("k", two.origin.loadAtOnce)).status, "MISS");
});

test("close tries to deliver pending invalidations until the store is back, for a second", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  await two.cache.read("k", two.origin.loadAtOnce);
  one.store.isAway = true;
  await one.cache.invalidate("k");
  const closed = one.cache.close();
  await sleep(1);
  one.store.isAway = false;
  await closed;
  assert.equal(one.cache.stats.invalidationsPending, 0);
  assert.equal((await two.cache.read("k", two.origin.loadAtOnce)).status, "MISS");
});
