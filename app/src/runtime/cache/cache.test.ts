import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MemoryStore } from "../../../testing/memory-store.ts";
import { Cache, type CacheOptions } from "./cache.ts";

class OriginAway extends Error {}

/** An origin whose reads end when told to, or at once. */
class Origin {
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

/** A cache as of one process; several may share a store. */
function setUp(t: TestContext, store = new MemoryStore(), options: Partial<CacheOptions> = {}) {
  const clock = { now: 1_000_000 };
  const cache = new Cache(store, {
    prefix: "p:",
    ttlSeconds: 300,
    staleSeconds: 3600,
    localBytes: 100_000,
    breaker: { failures: 3, pauseMs: 1000 },
    isOriginFailure: (error) => error instanceof OriginAway,
    now: () => clock.now,
    random: () => 0,
    ...options,
  });
  t.after(() => cache.close());
  return { store, cache, origin: new Origin(), clock };
}

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
  const { hits, localHits, misses, originReads } = cache.figures;
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
  assert.equal(cache.figures.earlyRefreshes, 1);
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
  assert.equal(cache.figures.originBreakerOpen, 1);
  origin.isAway = false;
  clock.now += 1001;
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "STALE");
  await sleep(5);
  assert.equal(cache.figures.originBreakerOpen, 0);
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
  assert.equal(cache.figures.invalidationsPending, 1);
  store.isAway = false;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":2}', status: "BYPASS" });
  while (cache.figures.invalidationsPending > 0) await sleep(20);
  assert.equal(store.texts.size, 0);
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "MISS");
});

test("invalidations that wait are bounded, and dropping one is told", async (t) => {
  const { store, cache } = setUp(t);
  store.isAway = true;
  for (let name = 0; name < 20_003; name++) await cache.invalidate(String(name));
  assert.equal(cache.figures.invalidationsPending, 20_000);
  assert.equal(cache.figures.invalidationsDropped, 3);
});

test("several names are asked for at once, and what is missing is loaded at once", async (t) => {
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
  // One MGET, and a claim and a fill for each of the three.
  assert.equal(store.calls - calls, 7);
  const again = await cache.readMany(["c", "b"], loadMany);
  assert.deepEqual(
    again.map(({ status }) => status),
    ["HIT", "HIT"],
  );
});

test("several names with the store away, and with an origin that fails", async (t) => {
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

test("get, set and delete never reject", async (t) => {
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
  assert.ok(cache.figures.storeErrors >= 2);
});

test("clearing empties the places that match, and takes the copies of every process", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  for (const name of ["user:1", "user:2", "other"]) {
    await one.cache.read(name, one.origin.loadAtOnce);
    await two.cache.read(name, one.origin.loadAtOnce);
  }
  assert.equal(await one.cache.clear("user:*"), 2);
  for (const { cache } of [one, two]) assert.equal(cache.figures.localEntries, 0);
  assert.deepEqual([...one.store.texts.keys()], ["p:{other}"]);
});

test("a text that another version left in the store is written over", async (t) => {
  const { store, cache, origin } = setUp(t);
  store.texts.set("p:{k}", '{"v":0}');
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":1}', status: "MISS" });
  assert.match(store.texts.get("p:{k}") ?? "", /;\{"v":1\}$/);
});

test("copies are bounded in bytes, and none are kept when there is no room", async (t) => {
  const { cache } = setUp(t, new MemoryStore(), { localBytes: 20_000 });
  const value = "x".repeat(1000);
  for (let name = 0; name < 100; name++) await cache.read(String(name), async () => value);
  assert.ok(cache.figures.localBytes <= 20_000);
  assert.ok(cache.figures.localEntries >= 10);
  const none = setUp(t, new MemoryStore(), { localBytes: 0 });
  await none.cache.read("k", none.origin.loadAtOnce);
  assert.equal((await none.cache.read("k", none.origin.loadAtOnce)).status, "HIT");
  assert.equal(none.cache.figures.localEntries, 0);
});
