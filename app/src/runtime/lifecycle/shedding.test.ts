import assert from "node:assert/strict";
import { test } from "node:test";
import { Shedding, type SheddingParts } from "./shedding.ts";

const quiet = { info: () => undefined, warn: () => undefined };

function open(parts: Partial<SheddingParts> = {}, limits = { eventLoopDelayMs: 500, memoryPercent: 90 }) {
  const shedding = new Shedding(limits, { memoryLimitBytes: 1000, rss: () => 0, log: quiet, ...parts });
  let now = 0;
  /** Advances the time by turns of the event loop with this duration. */
  const turns = (count: number, turnMs: number) => {
    for (let turn = 0; turn < count; turn++) {
      now += turnMs;
      shedding.sample(now);
    }
  };
  return { shedding, turns };
}

test("Shedding refuses nothing when the event loop is on time or stalls once", () => {
  const { shedding, turns } = open();
  turns(100, 50);
  assert.equal(shedding.active, false);
  turns(1, 650);
  assert.equal(shedding.active, false);
  assert.ok(shedding.stats.eventLoopDelayMs > 200);
});

test("Shedding refuses most requests while the event loop is late, and none afterwards", () => {
  const { shedding, turns } = open();
  turns(6, 700);
  assert.equal(shedding.active, true);
  const reasons = Array.from({ length: 100 }, () => shedding.refuse());
  assert.match(reasons[0] ?? "", /event loop/);
  assert.equal(reasons.filter((reason) => reason === undefined).length, 10);
  assert.equal(shedding.stats.refusedForDelay, 90);
  turns(40, 50);
  assert.equal(shedding.active, false);
  assert.equal(shedding.refuse(), undefined);
  assert.equal(shedding.stats.refusedForDelay, 90);
});

test("Shedding does not flap when the delay stays near the limit", () => {
  const { shedding, turns } = open();
  turns(20, 700);
  let changes = 0;
  for (let round = 0, was = shedding.active; round < 50; round++) {
    turns(1, round % 2 ? 500 : 560);
    if (shedding.active !== was) changes++;
    was = shedding.active;
  }
  assert.equal(changes, 0);
});

test("Shedding refuses most requests while memory is short", () => {
  let rss = 950;
  const { shedding, turns } = open({ rss: () => rss });
  turns(1, 50);
  const reasons = Array.from({ length: 100 }, () => shedding.refuse());
  assert.equal(reasons.filter((reason) => reason === undefined).length, 10);
  assert.match(reasons[1] ?? "", /memory/);
  rss = 880;
  turns(40, 50);
  assert.equal(shedding.active, true);
  rss = 850;
  turns(40, 50);
  assert.equal(shedding.active, false);
});

test("Shedding collects garbage first, at most every ten seconds, when memory is short", () => {
  let [rss, collected] = [950, 0];
  const { shedding, turns } = open({
    rss: () => rss,
    freeMemory: () => {
      collected++;
      rss = 500;
    },
  });
  turns(1, 50);
  assert.equal(shedding.active, false);
  rss = 950;
  turns(100, 50);
  assert.equal(shedding.active, true);
  assert.equal(collected, 1);
  turns(100, 50);
  assert.equal(collected, 2);
  assert.equal(shedding.active, false);
});

test("Shedding refuses nothing when the limits are 0", () => {
  const { shedding, turns } = open({ rss: () => 2000 }, { eventLoopDelayMs: 0, memoryPercent: 0 });
  turns(50, 5000);
  assert.equal(shedding.active, false);
});
