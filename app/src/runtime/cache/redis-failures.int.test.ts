import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import slotOf from "cluster-key-slot";
import { openCache, until } from "../../../testing/open-cache.ts";
import { TestRedisCluster } from "../../../testing/redis-cluster.ts";
import { cacheKey } from "./cache-key.ts";

/** A cluster of three primaries, and a cache with live feeds. */
async function setUp(t: TestContext, options: { replicas?: number } = {}) {
  const cluster = await TestRedisCluster.start(options);
  t.after(() => cluster.stop());
  const nodes = cluster.nodes.map(({ address }) => address);
  const open = async (more: Parameters<typeof openCache>[2] = {}) => {
    const opened = await openCache(t, nodes, more);
    await until(() => opened.store.stats.feedsLive === 3, "the feeds live");
    return opened;
  };
  return { cluster, open };
}

/** Names whose keys are on the first of three primaries, and on the others. */
function names(prefix: string) {
  const all = Array.from({ length: 300 }, (_, index) => `${prefix}:${index}`);
  const isOnFirst = (name: string) => slotOf(cacheKey("bw:", name)) < 16_384 / 3 - 1;
  return { onFirst: all.filter(isOnFirst), onOthers: all.filter((name) => !isOnFirst(name)) };
}

const load = async () => "1";

/** Reads the names repeatedly. Returns the durations in milliseconds in order of time, and the counts by status. */
async function readFor(
  durationMs: number,
  cache: Awaited<ReturnType<typeof openCache>>["cache"],
  wanted: readonly string[],
) {
  const took: number[] = [];
  const byStatus: Record<string, number> = {};
  for (const until = performance.now() + durationMs; performance.now() < until; await sleep(5)) {
    for (let read = 0; read < 10; read++) {
      const name = wanted[Math.floor(Math.random() * wanted.length)] ?? "";
      const startedAt = performance.now();
      const { status } = await cache.read(name, load);
      took.push(performance.now() - startedAt);
      byStatus[status] = (byStatus[status] ?? 0) + 1;
    }
  }
  return { took, byStatus };
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
}

test("Cache loses time on a few reads only when a node is paused, and uses it again when it resumes", async (t) => {
  const { cluster, open } = await setUp(t);
  // Without copies in the process, every read goes to Redis.
  const { cache, store, logged } = await open({ localBytes: 0 });
  const { onFirst, onOthers } = names("paused");
  for (const name of [...onFirst, ...onOthers]) await cache.read(name, load);
  const [first] = cluster.primaries;
  first?.pause();
  t.after(() => first?.resume());
  const cost: number[] = [];
  while (store.stats.breakersOpen === 0) {
    const startedAt = performance.now();
    await cache.read(onFirst[cost.length] ?? "", load);
    cost.push(performance.now() - startedAt);
  }
  t.diagnostic(`until the breaker opened, reads took ${cost.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  assert.ok(cost.length <= 3);
  // Much longer than the pauses between trials.
  const { took, byStatus } = await readFor(3000, cache, onFirst);
  t.diagnostic(
    `then ${took.length} reads: p99 ${percentile(took, 0.99).toFixed(2)} ms, at most ${percentile(took, 1).toFixed(2)} ms, ${JSON.stringify(byStatus)}`,
  );
  assert.ok(percentile(took, 0.99) < 50);
  assert.deepEqual(Object.keys(byStatus), ["BYPASS"]);
  const others = await readFor(300, cache, onOthers);
  assert.deepEqual(Object.keys(others.byStatus), ["HIT"]);
  first?.resume();
  const back = await until(
    async () => (await cache.read(onFirst[0] ?? "", load)).status === "HIT",
    "the node serves again",
  );
  t.diagnostic(`served again after ${back.toFixed(0)} ms`);
  assert.match(logged.join("\n"), /cache incomplete/);
});

test("Cache bypasses the keys of a killed primary until its replica takes over", async (t) => {
  const { cluster, open } = await setUp(t, { replicas: 1 });
  const { cache, store } = await open({ localBytes: 0 });
  const { onFirst, onOthers } = names("killed");
  for (const name of [...onFirst, ...onOthers]) await cache.read(name, load);
  await cluster.primaries[0]?.kill();
  const { took, byStatus } = await readFor(500, cache, onFirst);
  t.diagnostic(
    `while it was gone ${took.length} reads: p99 ${percentile(took, 0.99).toFixed(2)} ms, at most ${percentile(took, 1).toFixed(2)} ms, ${JSON.stringify(byStatus)}`,
  );
  assert.ok(percentile(took, 0.99) < 50);
  assert.deepEqual(Object.keys((await readFor(100, cache, onOthers)).byStatus), ["HIT"]);
  const back = await until(
    async () => (await cache.read(onFirst[0] ?? "", load)).status === "HIT",
    "the replica serves",
  );
  t.diagnostic(`its keys were served again ${back.toFixed(0)} ms later`);
  await until(() => store.stats.feedsLive === 3, "the feeds live");
});

test("Cache serves reads when all of Redis is down, and uses it again when it is back", async (t) => {
  const { cluster, open } = await setUp(t);
  const { cache, store } = await open();
  const { onFirst, onOthers } = names("gone");
  const all = [...onFirst, ...onOthers];
  for (const name of all) await cache.read(name, load);
  await Promise.all(cluster.primaries.map((node) => node.kill()));
  const { took, byStatus } = await readFor(2000, cache, all);
  t.diagnostic(
    `${took.length} reads: p99 ${percentile(took, 0.99).toFixed(2)} ms, at most ${percentile(took, 1).toFixed(2)} ms, ${JSON.stringify(byStatus)}`,
  );
  assert.ok(percentile(took, 0.99) < 50);
  await cache.invalidate("gone:1");
  assert.equal(cache.stats.invalidationsPending, 1);
  await Promise.all(cluster.primaries.map((node) => node.restart()));
  const back = await until(
    async () => (await cache.read("gone:2", load)).status === "HIT" && store.stats.feedsLive === 3,
    "Redis is used again",
  );
  t.diagnostic(`Redis was used again ${back.toFixed(0)} ms after it answered`);
  await until(() => cache.stats.invalidationsPending === 0, "the invalidation is delivered");
});

test("Cache stops serving copies of a paused node as fresh, but serves them while the origin fails", async (t) => {
  const { cluster, open } = await setUp(t);
  const { cache, store } = await open();
  const name = names("silent").onFirst[0] ?? "";
  await cache.read(name, load);
  assert.equal((await cache.read(name, load)).status, "HIT");
  cluster.primaries[0]?.pause();
  t.after(() => cluster.primaries[0]?.resume());
  const noticed = await until(() => store.stats.feedsLive === 2, "its silence is noticed");
  t.diagnostic(`noticed after ${noticed.toFixed(0)} ms`);
  assert.deepEqual(await cache.read(name, async () => "2"), { value: "2", status: "BYPASS" });
});

test("Cache logs a wrong password and keeps serving reads", async (t) => {
  const cluster = await TestRedisCluster.start({ password: "right", primaries: 1 });
  t.after(() => cluster.stop());
  const nodes = cluster.nodes.map(({ address }) => address);
  const { cache, logged } = await openCache(t, nodes, { password: "wrong" });
  assert.equal((await cache.read("k", load)).status, "BYPASS");
  await until(() => /WRONGPASS/.test(logged.join("\n")), "the reason is logged");
  await assert.rejects(cache.clear("*"), /no node is connected/);
});
