import assert from "node:assert/strict";
import { test } from "node:test";
import { OriginAway, openMemoryCache as setUp } from "../../../testing/memory-cache.ts";
import { MemoryStore } from "../../../testing/memory-store.ts";

test("readMany sends one request to the store, and one to the origin for the missing names", async (t) => {
  const { store, cache } = setUp(t);
  await cache.read("a", async () => "1");
  const loads: string[][] = [];
  const loadMany = async (names: string[]) => {
    loads.push(names);
    return new Map(names.filter((name) => name !== "none").map((name) => [name, `"${name}"`]));
  };
  const { calls } = store;
  const reads = await cache.readMany(["b", "a", "none", "c", "b"], loadMany);
  assert.deepEqual(
    reads.map(({ value, status }) => [value, status]),
    [
      ['"b"', "MISS"],
      ["1", "HIT"],
      [undefined, "MISS"],
      ['"c"', "MISS"],
      ['"b"', "MISS"],
    ],
  );
  assert.deepEqual(loads, [["b", "none", "c"]]);
  // One MGET, and a claim and a fill for each of the three names.
  assert.equal(store.calls - calls, 7);
  const again = await cache.readMany(["c", "b"], loadMany);
  assert.deepEqual(
    again.map(({ status }) => status),
    ["HIT", "HIT"],
  );
});

test("readMany reads the origin when the store is unreachable, and serves stale values when the origin fails", async (t) => {
  const { store, cache } = setUp(t);
  store.isAway = true;
  const reads = await cache.readMany(["a", "b"], async (names) => new Map(names.map((name) => [name, "1"])));
  assert.deepEqual(
    reads.map(({ status }) => status),
    ["BYPASS", "BYPASS"],
  );
  await assert.rejects(
    cache.readMany(["c", "d"], () => Promise.reject(new OriginAway("no database"))),
    OriginAway,
  );
});

test("get, set and delete never reject when the store is unreachable", async (t) => {
  const { store, cache, origin } = setUp(t);
  assert.equal(await cache.get("k"), undefined);
  assert.equal(await cache.set("k", "1"), true);
  assert.equal(await cache.get("k"), "1");
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "HIT");
  await cache.delete("k");
  assert.equal(await cache.get("k"), undefined);
  await cache.set("k", "2");
  store.isAway = true;
  store.feed.isLive = false;
  assert.equal(await cache.set("k", "3"), false);
  assert.equal(await cache.get("k"), undefined);
  await cache.delete("k");
  assert.ok(cache.stats.storeErrors >= 2);
});

test("clear deletes matching entries, and the copies of every process", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  for (const name of ["user:1", "user:2", "other"]) {
    await one.cache.read(name, one.origin.loadAtOnce);
    await two.cache.read(name, one.origin.loadAtOnce);
  }
  assert.equal(await one.cache.clear("user:*"), 2);
  for (const { cache } of [one, two]) assert.equal(cache.stats.localEntries, 0);
  assert.deepEqual([...one.store.texts.keys()], ["p:{other}"]);
});

test("Cache overwrites a stored text of another version", async (t) => {
  const { store, cache, origin } = setUp(t);
  store.texts.set("p:{k}", '{"v":0}');
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":1}', status: "MISS" });
  assert.match(store.texts.get("p:{k}") ?? "", /;\{"v":1\}$/);
});

test("Cache bounds its copies in bytes, and keeps none when the limit is 0", async (t) => {
  const { cache } = setUp(t, new MemoryStore(), { localBytes: 20_000 });
  const value = "x".repeat(1000);
  for (let name = 0; name < 100; name++) await cache.read(String(name), async () => value);
  assert.ok(cache.stats.localBytes <= 20_000);
  assert.ok(cache.stats.localEntries >= 10);
  const none = setUp(t, new MemoryStore(), { localBytes: 0 });
  await none.cache.read("k", none.origin.loadAtOnce);
  assert.equal((await none.cache.read("k", none.origin.loadAtOnce)).status, "HIT");
  assert.equal(none.cache.stats.localEntries, 0);
});
