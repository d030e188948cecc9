import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openCache, until } from "../../../testing/open-cache.ts";
import { TestRedisCluster } from "../../../testing/redis-cluster.ts";

const password = "correct-horse-battery";
let cluster: TestRedisCluster;
before(async () => {
  cluster = await TestRedisCluster.start({ password });
});
after(() => cluster?.stop());

const nodes = () => cluster.nodes.map(({ address }) => address);
const connected = (more: object = {}) => ({ password, ...more });

test("RedisStore keeps values and sends invalidations to other processes", async (t) => {
  const one = await openCache(t, nodes(), connected());
  const two = await openCache(t, nodes(), connected());
  await until(() => one.store.stats.feedsLive === 3 && two.store.stats.feedsLive === 3, "the feeds live");
  let value = "1";
  const load = async () => value;
  assert.deepEqual(await one.cache.read("user:1", load), { value: "1", status: "MISS" });
  assert.deepEqual(await two.cache.read("user:1", load), { value: "1", status: "HIT" });
  await two.cache.read("user:1", load);
  assert.equal(two.cache.stats.localHits, 1);
  const times: number[] = [];
  for (let round = 0; round < 50; round++) {
    value = `"${round}"`;
    await one.cache.invalidate("user:1");
    times.push(
      await until(
        async () => (await two.cache.read("user:1", load)).value === value,
        "the new value is seen",
      ),
    );
    assert.equal((await one.cache.read("user:1", load)).value, value);
    await two.cache.read("user:1", load);
  }
  times.sort((a, b) => a - b);
  t.diagnostic(
    `seen by the other process after ${times[25]?.toFixed(2)} ms at the median, ${times.at(-1)?.toFixed(2)} ms at most`,
  );
});

test("RedisStore reads many values over all slots", async (t) => {
  const { cache, store } = await openCache(t, nodes(), connected());
  const names = Array.from({ length: 100 }, (_, index) => `many:${index}`);
  const loads: number[] = [];
  const loadMany = async (wanted: string[]) => {
    loads.push(wanted.length);
    return new Map(wanted.map((name) => [name, `"${name}"`]));
  };
  const first = await cache.readMany(names, loadMany);
  assert.ok(first.every(({ status }) => status === "MISS"));
  const other = await openCache(t, nodes(), connected());
  const second = await other.cache.readMany(names, loadMany);
  assert.deepEqual(
    second.map(({ value }) => value),
    names.map((name) => `"${name}"`),
  );
  assert.ok(second.every(({ status }) => status === "HIT"));
  t.diagnostic(`${loads.length} loads of ${loads.join(", ")}`);
  assert.equal(store.stats.nodes, 3);
});

test("RedisStore clears matching keys and leases on every node, and keeps the others", async (t) => {
  const one = await openCache(t, nodes(), connected({ prefix: "cl[e]ar:" }));
  const two = await openCache(t, nodes(), connected({ prefix: "cl[e]ar:" }));
  await until(() => two.store.stats.feedsLive === 3, "the feeds live");
  const load = async (names: string[]) => new Map(names.map((name) => [name, "1"]));
  for (const kind of ["user", "other"]) {
    for (let start = 0; start < 2500; start += 100) {
      const names = Array.from({ length: 100 }, (_, index) => `${kind}:${start + index}`);
      await one.cache.readMany(names, load);
      await two.cache.readMany(names, load);
    }
  }
  const isBusy: { release?: () => void } = {};
  const slow = one.cache.read("user:slow", async () => {
    await new Promise<void>((resolve) => {
      isBusy.release = resolve;
    });
    return "old";
  });
  await until(() => isBusy.release !== undefined, "the slow read has its lease");
  assert.equal(await one.cache.clear("user:*"), 2500);
  isBusy.release?.();
  await slow;
  assert.equal(await two.cache.get("user:slow"), undefined);
  await until(() => two.cache.stats.localEntries === 0, "the other process drops its copies");
  assert.equal(await two.cache.get("user:7"), undefined);
  assert.equal(await two.cache.get("other:7"), "1");
  const commands = await Promise.all(cluster.primaries.map((node) => node.command("INFO", "commandstats")));
  for (const stats of commands) {
    assert.match(String(stats), /cmdstat_scan:/);
    assert.doesNotMatch(String(stats), /cmdstat_keys:/);
  }
});

test("Cache reads a slow origin once per process for 500 readers of a cold value", async (t) => {
  const one = await openCache(t, nodes(), connected());
  const two = await openCache(t, nodes(), connected());
  let reads = 0;
  const load = async () => {
    reads++;
    await sleep(200);
    return "1";
  };
  const startedAt = performance.now();
  const readers = [one, two].flatMap(({ cache }) =>
    Array.from({ length: 500 }, () => cache.read("cold", load)),
  );
  assert.ok((await Promise.all(readers)).every(({ value }) => value === "1"));
  t.diagnostic(
    `1000 readers in two processes: ${reads} origin reads, all answered after ${(performance.now() - startedAt).toFixed(0)} ms`,
  );
  assert.ok(one.cache.stats.originReads <= 1 && two.cache.stats.originReads <= 1);
});

test("get, set and delete do not reject when Redis commands fail", async (t) => {
  const { cache } = await openCache(t, nodes(), connected());
  assert.equal(await cache.set("plain", "{}"), true);
  const other = await openCache(t, nodes(), connected());
  assert.equal(await other.cache.get("plain"), "{}");
  await other.cache.delete("plain");
  await until(async () => (await cache.get("plain")) === undefined, "the other process knows");
});
