import assert from "node:assert/strict";
import { test } from "node:test";
import { Shedding, type SheddingParts } from "./shedding.ts";

const quiet = { info: () => undefined, warn: () => undefined };

function open(parts: Partial<SheddingParts> = {}, limits = { eventLoopDelayMs: 500, memoryPercent: 90 }) {
  const shedding = new Shedding(limits, { memoryLimitBytes: 1000, rss: () => 0, log: quiet, ...parts });
  let now = 0;
  /** Lets time go by in turns of the event loop that each take so long. */
  const turns = (count: number, turnMs: number) => {
    for (let turn = 0; turn < count; turn++) {
      now += turnMs;
      shedding.sample(now);
    }
  };
  return { shedding, turns };
}

test("a free event loop sheds nothing, and neither does one stall", () => {
  const { shedding, turns } = open();
  turns(100, 50);
  assert.equal(shedding.active, false);
  turns(1, 650);
  assert.equal(shedding.active, false);
  assert.ok(shedding.stats.eventLoopDelayMs > 200);
});

test("an event loop that stays late sheds most requests but not all, and none when it is free again", () => {
  const { shedding, turns } = open();
  turns(6, 700);
  assert.equal(shedding.active, true);
  const answers = Array.from({ length: 100 }, () => shedding.refuse());
  assert.match(answers[0] ?? "", /event loop/);
  assert.equal(answers.filter((answer) => answer === undefined).length, 10);
  assert.equal(shedding.stats.refusedForDelay, 90);
  turns(40, 50);
  assert.equal(shedding.active, false);
  assert.equal(shedding.refuse(), undefined);
  assert.equal(shedding.stats.refusedForDelay, 90);
});

test("does not flap while the delay stays near the limit", () => {
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

test("short memory sheds most requests but not all, until there is room again", () => {
  let rss = 950;
  const { shedding, turns } = open({ rss: () => rss });
  turns(1, 50);
  const answers = Array.from({ length: 100 }, () => shedding.refuse());
  assert.equal(answers.filter((answer) => answer === undefined).length, 10);
  assert.match(answers[1] ?? "", /memory/);
  rss = 880;
  turns(40, 50);
  assert.equal(shedding.active, true);
  rss = 850;
  turns(40, 50);
  assert.equal(shedding.active, false);
});

test("garbage that is collected in time sheds nothing, and is collected at most every ten seconds", () => {
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

test("limits of 0 shed nothing", () => {
  const { shedding, turns } = open({ rss: () => 2000 }, { eventLoopDelayMs: 0, memoryPercent: 0 });
  turns(50, 5000);
  assert.equal(shedding.active, false);
});
