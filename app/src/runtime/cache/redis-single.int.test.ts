import assert from "node:assert/strict";
import { test } from "node:test";
import { openCache, until } from "../../../testing/open-cache.ts";
import { RedisServer } from "../../../testing/redis-server.ts";

const load = async () => "1";

test("RedisStore uses the configured database of a single Redis, and reconnects", async (t) => {
  const server = await RedisServer.start({ password: "secret" });
  t.after(() => server.stop());
  const more = { mode: "single", database: 3, password: "secret" } as const;
  const one = await openCache(t, [server.address], more);
  const two = await openCache(t, [server.address], more);
  await until(() => one.store.stats.feedsLive === 1 && two.store.stats.feedsLive === 1, "the feeds live");
  assert.equal((await one.cache.read("user:1", load)).status, "MISS");
  assert.equal((await two.cache.read("user:1", load)).status, "HIT");
  assert.match(String(await server.command("INFO", "keyspace")), /db3:keys=1/);
  await one.cache.invalidate("user:1");
  await until(async () => (await two.cache.get("user:1")) === undefined, "the other process knows");
  const reads = await one.cache.readMany(
    ["a", "b"],
    async (names) => new Map(names.map((name) => [name, "1"])),
  );
  assert.equal(reads.length, 2);
  assert.equal(await one.cache.clear("*"), 2);

  await server.kill();
  assert.equal((await one.cache.read("k", load)).status, "BYPASS");
  await server.restart();
  const back = await until(
    async () => (await one.cache.read("k", load)).status === "HIT",
    "it is used again",
  );
  t.diagnostic(`used again ${back.toFixed(0)} ms after it answered`);
  await until(() => one.store.stats.feedsLive === 1, "the feed lives again");
});

test("RedisStore loses time on a few reads only when a single Redis is paused", async (t) => {
  const server = await RedisServer.start();
  t.after(() => server.stop());
  const { cache, store } = await openCache(t, [server.address], { mode: "single", localBytes: 0 });
  await cache.read("k", load);
  server.pause();
  let reads = 0;
  while (store.stats.breakersOpen === 0) {
    assert.equal((await cache.read("k", load)).status, "BYPASS");
    reads++;
  }
  assert.ok(reads <= 3);
  server.resume();
  await until(async () => (await cache.read("k", load)).status === "HIT", "it is used again");
});

test("RedisStore logs a wrong password of a single Redis", async (t) => {
  const server = await RedisServer.start({ password: "right" });
  t.after(() => server.stop());
  const { cache, logged } = await openCache(t, [server.address], { mode: "single", password: "wrong" });
  assert.equal((await cache.read("k", load)).status, "BYPASS");
  assert.match(logged.join("\n"), /cache away.*WRONGPASS/);
});
