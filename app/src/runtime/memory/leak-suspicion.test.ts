import assert from "node:assert/strict";
import { test } from "node:test";
import { LeakSuspicion } from "./leak-suspicion.ts";

const MiB = 1024 ** 2;
const options = { intervalSeconds: 5, windowSeconds: 500, minGrowthBytes: 16 * MiB };

/** Adds a floor every `every` seconds. Returns the times when suspicion rose, and the final judgement. */
function simulate(seconds: number, bytesAt: (second: number) => number, every = 20) {
  const suspicion = new LeakSuspicion(options);
  const rose: number[] = [];
  for (let second = 30; second <= seconds; second += every) {
    const ripple = ((second * 7919) % 1000) * 100;
    suspicion.add({ second, bytes: bytesAt(second) + ripple });
    if (suspicion.judge(second)) rose.push(second);
  }
  return { rose, judgement: suspicion.judgement };
}

test("LeakSuspicion rises once and remains while memory grows", () => {
  const { rose, judgement } = simulate(3000, (second) => 17 * MiB + second * 100 * 1024);
  assert.equal(rose.length, 1);
  assert.ok((rose[0] ?? 0) <= 270, `${rose}`);
  assert.ok(judgement.leak);
});

test("LeakSuspicion finds a leak over the whole life that is too slow for the recent floors", () => {
  const { rose, judgement } = simulate(8 * 3600, (second) => 17 * MiB + second * 4 * 1024);
  assert.equal(rose.length, 1);
  assert.ok((rose[0] ?? 0) > 3600 && judgement.leak);
  assert.ok(Math.abs((judgement.growth?.perSecond ?? 0) / 1024 - 4) < 0.5);
});

test("LeakSuspicion ends when the growth ends, and can rise again", () => {
  const upTo = (second: number) => Math.min(second, 400) + Math.max(0, second - 3000);
  const { rose, judgement } = simulate(3500, (second) => 17 * MiB + upTo(second) * 300 * 1024);
  assert.equal(rose.length, 2);
  assert.ok((rose[0] ?? 0) < 400 && (rose[1] ?? 0) > 3000, `${rose}`);
  assert.ok(judgement.leak);
  assert.equal(simulate(2500, (second) => 17 * MiB + upTo(second) * 300 * 1024).judgement.leak, false);
});

test("LeakSuspicion merges close collections into their lowest floor", () => {
  const suspicion = new LeakSuspicion(options);
  for (const [second, bytes] of [
    [100, 30],
    [101, 20],
    [104, 40],
    [105, 50],
  ] as const)
    suspicion.add({ second, bytes });
  suspicion.judge(105);
  assert.equal(suspicion.judgement.floors, 2);
  assert.equal(suspicion.judgement.grownBytes, 30);
});
