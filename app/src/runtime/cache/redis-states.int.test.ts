import assert from "node:assert/strict";
import { test } from "node:test";
import slotOf from "cluster-key-slot";
import { openCache, until } from "../../../testing/open-cache.ts";
import { TestRedisCluster } from "../../../testing/redis-cluster.ts";
import { RedisServer } from "../../../testing/redis-server.ts";
import { cacheKey } from "./cache-key.ts";

const load = async () => "1";

test("Cache distrusts its copies and connects again when a single Redis has become a replica", async (t) => {
  const server = await RedisServer.start();
  t.after(() => server.stop());
  const { cache, store, logged } = await openCache(t, [server.address], { mode: "single" });
  await until(() => store.stats.feedsLive === 1, "the feed is live");
  await cache.read("k", load);
  assert.equal((await cache.read("k", load)).status, "HIT");
  const { localHits } = cache.stats;
  assert.equal(localHits, 1);

  await server.command("REPLICAOF", "127.0.0.1", "1");
  await cache.invalidate("other");
  assert.equal(store.stats.feedsLive, 0);
  await cache.read("k", load);
  assert.equal(cache.stats.localHits, localHits, "the copy was not used");
  assert.match(logged.join("\n"), /cache away.*READONLY/);

  await server.command("REPLICAOF", "NO", "ONE");
  await until(() => store.stats.feedsLive === 1 && cache.stats.invalidationsPending === 0, "it is a primary");
  assert.match(logged.at(-1) ?? "", /cache connected/);
  await cache.read("k", load);
  await cache.read("k", load);
  assert.ok(cache.stats.localHits > localHits, "copies are used again");
});

test("Cache distrusts its copies while a node has lost the majority of its cluster, and uses the node afterwards", async (t) => {
  const cluster = await TestRedisCluster.start();
  t.after(() => cluster.stop());
  const nodes = cluster.nodes.map(({ address }) => address);
  const { cache, store } = await openCache(t, nodes);
  await until(() => store.stats.feedsLive === 3, "the feeds are live");
  const names = Array.from({ length: 300 }, (_, index) => `n:${index}`);
  const [kept, other] = names.filter((name) => slotOf(cacheKey("bw:", name)) < 16_384 / 3 - 1);
  assert.ok(kept && other);
  await cache.read(kept, load);

  const [first, ...lost] = cluster.primaries;
  for (const node of lost) await node.kill();
  await until(
    async () => String(await first?.command("CLUSTER", "INFO")).includes("cluster_state:fail"),
    "the node has noticed",
  );
  // Another name of the same node meets the CLUSTERDOWN.
  assert.equal((await cache.read(other, load)).status, "BYPASS");
  const { localHits } = cache.stats;
  assert.equal((await cache.read(kept, load)).status, "BYPASS");
  assert.equal(cache.stats.localHits, localHits, "the copy was not used");

  for (const node of lost) await node.restart();
  await until(async () => (await cache.read(kept, load)).status === "HIT", "the node is used again");
  await until(() => store.stats.feedsLive === 3, "the feeds are live again");
});
