import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MemoryStore } from "../../../testing/memory-store.ts";
import { ReadThroughCache } from "./read-through.ts";

/** An origin whose reads end when told to. */
class Origin {
  value: string | undefined = '{"v":1}';
  reads = 0;
  #release: (() => void)[] = [];

  readonly load = async () => {
    this.reads++;
    const seen = this.value;
    await new Promise<void>((resolve) => this.#release.push(resolve));
    return seen;
  };

  readonly loadAtOnce = async () => {
    this.reads++;
    return this.value;
  };

  async release(): Promise<void> {
    await sleep(1);
    for (const resolve of this.#release.splice(0)) resolve();
  }
}

function setUp(t: TestContext, store = new MemoryStore()) {
  const cache = new ReadThroughCache(store, { prefix: "p:", ttlMs: 1000 });
  t.after(() => cache.close());
  return { store, cache, origin: new Origin() };
}

test("a first read is a miss, and the next one is a hit without the origin", async (t) => {
  const { store, cache, origin } = setUp(t);
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":1}', status: "MISS" });
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":1}', status: "HIT" });
  assert.equal(origin.reads, 1);
  assert.deepEqual([...store.values], [["p:k", '{"v":1}']]);
});

test("what the origin does not have is not kept, and leaves no claim behind", async (t) => {
  const { store, cache, origin } = setUp(t);
  origin.value = undefined;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: undefined, status: "MISS" });
  assert.equal(store.values.size, 0);
});

test("readers of a cold key share one read of the origin", async (t) => {
  const { cache, origin } = setUp(t);
  const reads = Array.from({ length: 100 }, () => cache.read("k", origin.load));
  await origin.release();
  const answers = await Promise.all(reads);
  assert.equal(origin.reads, 1);
  assert.ok(answers.every((answer) => answer.value === '{"v":1}' && answer.status === "MISS"));
});

test("an origin that fails fails its readers and frees the key", async (t) => {
  const { store, cache, origin } = setUp(t);
  const broken = () => Promise.reject(new Error("no database"));
  await assert.rejects(cache.read("k", broken), /no database/);
  assert.equal(store.values.size, 0);
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
  assert.equal(store.values.size, 0);
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
  await one.origin.release();
  for (const read of await Promise.all(before)) assert.equal(read.value, '{"v":1}');
  for (const read of await Promise.all(after)) assert.equal(read.value, '{"v":2}');
});

test("another process does not wait for the one that fills the key", async (t) => {
  const one = setUp(t);
  const two = setUp(t, one.store);
  const filling = one.cache.read("k", one.origin.load);
  await sleep(1);
  assert.deepEqual(await two.cache.read("k", two.origin.loadAtOnce), { value: '{"v":1}', status: "MISS" });
  await one.origin.release();
  await filling;
  assert.equal((await two.cache.read("k", two.origin.loadAtOnce)).status, "HIT");
});

test("with the store away reads go to the origin, still shared", async (t) => {
  const { store, cache, origin } = setUp(t);
  store.isAway = true;
  const reads = Array.from({ length: 10 }, () => cache.read("k", origin.load));
  await origin.release();
  assert.ok((await Promise.all(reads)).every((read) => read.status === "BYPASS" && read.value === '{"v":1}'));
  assert.equal(origin.reads, 1);
});

test("an invalidation that the store missed is repeated, and its key is not served until then", async (t) => {
  const { store, cache, origin } = setUp(t);
  await cache.read("k", origin.loadAtOnce);
  store.isAway = true;
  origin.value = '{"v":2}';
  await cache.invalidate("k");
  assert.equal(cache.pendingInvalidations, 1);
  store.isAway = false;
  assert.deepEqual(await cache.read("k", origin.loadAtOnce), { value: '{"v":2}', status: "BYPASS" });
  while (cache.pendingInvalidations > 0) await sleep(20);
  assert.equal(store.values.size, 0);
  assert.equal((await cache.read("k", origin.loadAtOnce)).status, "MISS");
});

test("invalidations that wait are bounded, and dropping one is told", async (t) => {
  const store = new MemoryStore();
  let dropped = 0;
  const cache = new ReadThroughCache(store, {
    prefix: "",
    ttlMs: 1,
    onInvalidationsDropped: () => dropped++,
  });
  t.after(() => cache.close());
  store.isAway = true;
  for (let key = 0; key < 20_003; key++) await cache.invalidate(String(key));
  assert.equal(cache.pendingInvalidations, 20_000);
  assert.equal(dropped, 3);
});
