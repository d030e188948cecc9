import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "./random.ts";
import { floorSlope, minPoints, secondsToLimit, type TimedValue } from "./slope.ts";

const MiB = 1024 ** 2;

/** Memory once a second: a heap that is collected about every `period` seconds, above a floor that grows by `leakPerSecond`. */
function heap(seconds: number, period: number, leakPerSecond: number, seed: number): TimedValue[] {
  const random = seededRandom(seed);
  let since = random() * period;
  let next = period;
  return Array.from({ length: seconds }, (_, second) => {
    if (++since >= next) {
      since = 0;
      next = period * (0.7 + 0.6 * random());
    }
    const garbage = (20 * MiB * since) / period;
    return { second, value: 80 * MiB + leakPerSecond * second + garbage + 0.5 * MiB * random() };
  });
}

const series = 100;

test("floorSlope reports no growth for a flat floor under a sawtooth", (t) => {
  for (const [seconds, period] of [
    [60, 4],
    [120, 10],
    [300, 40],
  ] as const) {
    let grown = 0;
    for (let seed = 1; seed <= series; seed++) {
      const slope = floorSlope(heap(seconds, period, 0, seed));
      if (!slope || slope.low > 0) grown++;
    }
    t.diagnostic(`${seconds} s, sawtooth of ${period} s: ${grown} of ${series} reported to grow`);
    assert.ok(grown <= 0.05 * series, `${seconds} s, sawtooth of ${period} s: ${grown}`);
  }
});

test("floorSlope finds a leak of 1 KiB by each of 100 requests a second under the sawtooth", (t) => {
  let found = 0;
  let held = 0;
  const leak = 100 * 1024;
  for (let seed = 1; seed <= series; seed++) {
    const slope = floorSlope(heap(120, 10, leak, seed));
    if (slope && slope.low > 0) found++;
    if (slope && slope.low <= leak && slope.high >= leak) held++;
  }
  t.diagnostic(`found in ${found}, within the interval in ${held} of ${series}`);
  assert.ok(found >= 0.95 * series, `${found}`);
  assert.ok(held >= 0.9 * series, `${held}`);
});

test("floorSlope returns the slope of a straight line", () => {
  const line = Array.from({ length: 40 }, (_, n) => ({ second: 1000 + 2 * n, value: 5 - 0.5 * n }));
  assert.deepEqual(floorSlope(line), {
    perSecond: -0.25,
    low: -0.25,
    high: -0.25,
    betweenNeighbours: -0.25,
    points: 40,
  });
});

test("floorSlope reports growth in two steps, with hardly any slope between neighbours", () => {
  const steps = heap(60, 4, 0, 1).map(({ second, value }) => ({
    second,
    value: value + (second >= 20 ? 11 * MiB : 0) + (second >= 40 ? 8 * MiB : 0),
  }));
  const slope = floorSlope(steps);
  assert.ok(slope && slope.low > 150 * 1024, JSON.stringify(slope));
  assert.ok(Math.abs(slope.betweenNeighbours) < 75 * 1024, JSON.stringify(slope));
});

test("floorSlope does not depend on the order of the points", () => {
  const points = heap(120, 10, 1024, 1);
  const mixed = [...points.filter((_, at) => at % 3 === 0), ...points.filter((_, at) => at % 3 > 0)];
  assert.deepEqual(floorSlope(mixed.toReversed()), floorSlope(points));
});

test("floorSlope is not changed by one wrong value", () => {
  const flat = Array.from({ length: 40 }, (_, second) => ({ second, value: 7 }));
  const wild = flat.map((point) => (point.second === 39 ? { second: 39, value: -1e9 } : point));
  assert.deepEqual(floorSlope(flat), { perSecond: 0, low: 0, high: 0, betweenNeighbours: 0, points: 40 });
  assert.equal(floorSlope(wild)?.perSecond, 0);
});

test("floorSlope narrows the interval for equal floors by Kendall's variance", () => {
  // Floors 0 0 0 0 1 1 1 1, 3 s apart: S has the variance 65.33 − 2 · 8.67 = 48, so ranks 14 ∓ 6.79 of the 28 slopes.
  const steps = Array.from({ length: 24 }, (_, second) => ({ second, value: second < 12 ? 0 : 1 }));
  const slope = floorSlope(steps);
  assert.equal(slope?.low, 0);
  assert.ok(Math.abs((slope?.high ?? 0) - 1 / 12) < 1e-9, `${slope?.high}`);
});

test("floorSlope returns undefined when points are too few or all at one time", () => {
  assert.equal(floorSlope(heap(minPoints - 1, 4, 0, 1)), undefined);
  assert.notEqual(floorSlope(heap(minPoints, 4, 0, 1)), undefined);
  assert.equal(floorSlope(heap(60, 4, 0, 1).map((point) => ({ ...point, second: 3 }))), undefined);
  assert.equal(floorSlope([]), undefined);
});

test("floorSlope refuses a point that is not finite and a confidence out of range", () => {
  assert.throws(() => floorSlope([{ second: 0, value: Number.NaN }]), RangeError);
  assert.throws(() => floorSlope([], 95), RangeError);
});

test("secondsToLimit is 0 at the limit and infinite without growth", () => {
  assert.equal(secondsToLimit(2, 80, 200), 60);
  assert.equal(secondsToLimit(0, 80, 200), Number.POSITIVE_INFINITY);
  assert.equal(secondsToLimit(-1, 80, 200), Number.POSITIVE_INFINITY);
  assert.equal(secondsToLimit(-1, 200, 200), 0);
});
