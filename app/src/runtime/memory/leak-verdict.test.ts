import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimedBytes } from "./growth.ts";
import { judgeFloors } from "./leak-verdict.ts";

const MiB = 1024 ** 2;
const options = { minGrowthBytes: 16 * MiB };

/** A deterministic pseudo-random number, 0 to 1. */
function noise(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}

/** A floor every `every` seconds, with up to 1 MiB of noise. */
function floors(count: number, bytesAt: (second: number) => number, seed = 1, every = 20): TimedBytes[] {
  return Array.from({ length: count }, (_, index) => ({
    second: 30 + index * every,
    bytes: bytesAt(index * every) + noise(seed * 1000 + index) * MiB,
  }));
}

/** Seconds from the first floor until a leak is found. */
function foundAfter(bytesAt: (second: number) => number, seed = 1): number | undefined {
  const all = floors(25, bytesAt, seed);
  const first = all.findIndex((_, index) => judgeFloors(all.slice(0, index + 1), options).leak);
  return first < 0 ? undefined : first * 20;
}

const flat = 17 * MiB;
const leaking = (bytesPerSecond: number) => (second: number) => flat + bytesPerSecond * second;

test("judgeFloors finds a leak of 100 KB per second within four minutes, despite noise", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const after = foundAfter(leaking(107 * 1024), seed);
    assert.ok(after !== undefined && after <= 200, `seed ${seed}: ${after} s`);
  }
});

test("judgeFloors finds a fast leak with the first six floors", () => {
  assert.equal(foundAfter(leaking(4 * MiB)), 100);
});

const clean: Record<string, (second: number, seed: number) => number> = {
  "a constant": () => flat,
  "noise of a third of it": (second, seed) => flat * (1 + noise(seed * 77 + second) / 3),
  "a saw-tooth": (second) => flat + (second % 100) * 0.2 * MiB,
  "a wave": (second) => flat + 12 * MiB * (1 + Math.sin(second / 60)),
  "a warm-up that levels out": (second) => flat + 30 * MiB * (1 - Math.exp(-second / 40)),
  "a cache that fills evenly to its bound": (second) => flat + Math.min(14 * MiB, second * 100 * 1024),
  "a large cache that is full long before the end": (second) => flat + Math.min(40 * MiB, second * 0.4 * MiB),
  "a step early": (second) => flat + (second > 100 ? 30 * MiB : 0),
  "a step in the middle": (second) => flat + (second > 240 ? 30 * MiB : 0),
  "a step late": (second) => flat + (second > 400 ? 30 * MiB : 0),
  "growth too small to matter": (second) => flat + second * 12 * 1024,
  "falling memory": (second) => 3 * flat - second * 50 * 1024,
};
for (const [what, bytesAt] of Object.entries(clean)) {
  test(`judgeFloors finds no leak when there is ${what}`, () => {
    for (let seed = 1; seed <= 100; seed++) {
      // The whole series.
      const judgement = judgeFloors(
        floors(25, (second) => bytesAt(second, seed), seed),
        options,
      );
      assert.equal(judgement.leak, false, `seed ${seed}: ${JSON.stringify(judgement)}`);
    }
  });
}

for (const what of [
  "a cache that fills evenly to its bound",
  "a saw-tooth",
  "a step early",
  "a step in the middle",
]) {
  test(`judgeFloors never finds a leak when there is ${what}`, () => {
    for (let seed = 1; seed <= 100; seed++) {
      assert.equal(
        foundAfter((second) => clean[what]?.(second, seed) ?? 0, seed),
        undefined,
      );
    }
  });
}

test("judgeFloors keeps a suspected leak while it grows, and ends it with the growth", () => {
  const slow = floors(25, leaking(20 * 1024));
  assert.equal(judgeFloors(slow, options).leak, false);
  assert.equal(judgeFloors(slow, { ...options, suspected: true }).leak, true);
  const ended = floors(25, (second) => flat + Math.min(200, second) * 0.2 * MiB);
  assert.equal(judgeFloors(ended, { ...options, suspected: true }).leak, false);
});

test("judgeFloors finds no leak when the growth is small relative to the floor", () => {
  const { leak, ratio, grownBytes } = judgeFloors(
    floors(25, (second) => 100 * MiB + second * 60 * 1024),
    options,
  );
  assert.deepEqual([leak, ratio < 1.5, grownBytes > options.minGrowthBytes], [false, true, true]);
});

test("judgeFloors finds no leak when the rise is within the noise", () => {
  const swinging = [10, 70, 20, 80, 30, 90, 40, 100].map((mib, index) => ({
    second: index * 20,
    bytes: mib * MiB,
  }));
  const { leak, ratio, growth } = judgeFloors(swinging, options);
  assert.deepEqual([leak, ratio > 1.5, (growth?.low ?? 1) < 0], [false, true, true]);
});

test("judgeFloors returns the slope with its interval", () => {
  const { growth, floors: count } = judgeFloors(floors(25, leaking(100 * 1024)), options);
  assert.equal(count, 25);
  assert.ok(growth && growth.low < 100 * 1024 && growth.high > 100 * 1024, JSON.stringify(growth));
  assert.ok(Math.abs(growth.perSecond / 1024 - 100) < 2);
  assert.equal(judgeFloors([], options).growth, undefined);
});
