import assert from "node:assert/strict";
import { after, before, test } from "node:test";
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

test("keeps values and tells other processes of invalidations", async (t) => {
  const one = await openCache(t, nodes(), connected());
  const two = await openCache(t, nodes(), connected());
  await until(() => one.store.figures.feedsLive === 3 && two.store.figures.feedsLive === 3, "the feeds live");
  let value = "1";
  const load = async () => value;
  assert.deepEqual(await one.cache.read("user:1", load), { value: "1", status: "MISS" });
  assert.deepEqual(await two.cache.read("user:1", load), { value: "1", status: "HIT" });
  await two.cache.read("user:1", load);
  assert.equal(two.cache.figures.localHits, 1);
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

test("asks for many values over all slots", async (t) => {
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
  assert.equal(store.figures.nodes, 3);
});
