import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../../../testing/memory-store.ts";
import { turnsIn } from "./snapshot-turns.ts";

test("turnsIn gives one of several processes the turn, and another one after a release", async () => {
  const store = new MemoryStore();
  const turns = Array.from({ length: 5 }, () => turnsIn(store, "p:"));
  const claims = await Promise.all(turns.map((turn) => turn.claim("leak suspected", 1000)));
  assert.deepEqual(claims, [true, false, false, false, false]);
  assert.equal(await turns[1]?.claim("near heap limit", 1000), true);
  await turns[3]?.release("leak suspected");
  assert.equal(await turns[1]?.claim("leak suspected", 1000), false);
  await turns[0]?.release("leak suspected");
  assert.equal(await turns[1]?.claim("leak suspected", 1000), true);
});

test("turnsIn gives everyone a turn after a random delay when the store is away", async () => {
  const store = new MemoryStore();
  store.isAway = true;
  assert.equal(await turnsIn(store, "p:", () => 1).claim("leak suspected", 1000), true);
});
