import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeRatio, pairedRatio, ratioOf } from "./bootstrap.ts";
import { type Random, seededRandom } from "./random.ts";

const comparisons = 200;
const speed = { resamples: 1000 };

function gauss(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Repeats around `level` with lognormal noise; one in twenty takes 30 % longer. */
function repeats(count: number, level: number, random: Random, noise = 0.03): number[] {
  return Array.from(
    { length: count },
    () => level * Math.exp(noise * gauss(random)) * (random() < 0.05 ? 1.3 : 1),
  );
}

/** How many of `comparisons` were called `worse`, and how many `better`. */
function called(compare: (random: Random) => ReturnType<typeof ratioOf>) {
  const random = seededRandom(5);
  const verdicts = Array.from({ length: comparisons }, () => judgeRatio(compare(random)));
  const count = (wanted: string) => verdicts.filter((verdict) => verdict === wanted).length;
  return { worse: count("worse"), better: count("better") };
}

for (const [count, confidence, mostFalse] of [
  [7, 0.95, 10],
  [8, 0.95, 10],
  [8, 0.99, 4],
] as const) {
  test(`ratioOf finds a difference of 10 % and hardly any false one with ${count} noisy repeats at ${confidence}`, (t) => {
    const options = { ...speed, confidence };
    const nothing = called((random) =>
      ratioOf(repeats(count, 100, random), repeats(count, 100, random), options),
    );
    const planted = called((random) =>
      ratioOf(repeats(count, 100, random), repeats(count, 110, random), options),
    );
    t.diagnostic(`false ${nothing.worse + nothing.better}, found ${planted.worse} of ${comparisons}`);
    assert.ok(nothing.worse + nothing.better <= mostFalse, JSON.stringify(nothing));
    assert.ok(planted.worse >= 0.95 * comparisons && planted.better === 0, JSON.stringify(planted));
  });
}

test("pairedRatio finds a difference under shared drift when ratioOf does not", (t) => {
  const pairs = (factor: number, random: Random) =>
    Array.from({ length: 8 }, (_, round): [number, number] => {
      const drift = Math.exp(0.03 * round + 0.05 * gauss(random));
      const [a = 0, b = 0] = repeats(2, drift, random, 0.015);
      return [a, b * factor];
    });
  const nothing = called((random) => pairedRatio(pairs(1, random), speed));
  const planted = called((random) => pairedRatio(pairs(1.1, random), speed));
  const unpaired = called((random) => {
    const drawn = pairs(1.1, random);
    return ratioOf(
      drawn.map(([a]) => a),
      drawn.map(([, b]) => b),
      speed,
    );
  });
  t.diagnostic(`false ${nothing.worse + nothing.better}, found ${planted.worse}, unpaired ${unpaired.worse}`);
  assert.ok(nothing.worse + nothing.better <= 6, JSON.stringify(nothing));
  assert.ok(planted.worse >= 0.95 * comparisons, JSON.stringify(planted));
  assert.ok(unpaired.worse < planted.worse / 2, JSON.stringify(unpaired));
});

test("the 95 % interval contains the true ratio in at least 90 % of comparisons", (t) => {
  const random = seededRandom(9);
  let held = 0;
  for (let n = 0; n < comparisons; n++) {
    const { low, high } = ratioOf(repeats(7, 100, random), repeats(7, 120, random), speed);
    if (low <= 1.2 && high >= 1.2) held++;
  }
  t.diagnostic(`held ${held} of ${comparisons}`);
  assert.ok(held >= 0.9 * comparisons, `${held}`);
});

test("ratioOf returns B over A, and the same interval each time", () => {
  const a = [99, 100, 101, 100, 100.5, 99.5];
  const b = a.map((value) => value * 2);
  assert.deepEqual(ratioOf(a, b), ratioOf(a, b));
  const { ratio, low, high, outliers } = ratioOf(a, b);
  assert.ok(Math.abs(ratio - 2) < 1e-9 && low < 2 && high > 2 && high - low < 0.06, `${low} … ${high}`);
  assert.equal(outliers, 0);
  const exact = pairedRatio(a.map((value) => [value, value * 2]));
  for (const end of [exact.ratio, exact.low, exact.high]) assert.ok(Math.abs(end - 2) < 1e-9, `${end}`);
});

test("ratioOf leaves out and counts a single outlier, but not a second mode", () => {
  const steady = [100, 101, 99, 100, 102, 98, 100, 101];
  const one = ratioOf(steady, [...steady.slice(1), 130]);
  assert.deepEqual([one.outliers, judgeRatio(one)], [1, "same"]);
  const twoModes = ratioOf(steady, [100, 101, 99, 100, 102, 150, 151, 149]);
  assert.equal(twoModes.outliers, 0);
  const wide = ratioOf(
    steady.map((value) => 100 + (value - 100) / 100),
    [80, 90, 95, 100, 105, 110, 120, 97],
  );
  assert.equal(wide.outliers, 0);
});

test("judgeRatio calls a difference only when both the interval and the band exclude 1", () => {
  assert.equal(judgeRatio({ ratio: 1.1, low: 1.05, high: 1.2 }), "worse");
  assert.equal(judgeRatio({ ratio: 1.1, low: 1.05, high: 1.2 }, 0.03, "higher"), "better");
  assert.equal(judgeRatio({ ratio: 0.9, low: 0.85, high: 0.95 }), "better");
  assert.equal(judgeRatio({ ratio: 0.9, low: 0.85, high: 0.95 }, 0.03, "higher"), "worse");
  assert.equal(judgeRatio({ ratio: 1.1, low: 0.99, high: 1.2 }), "same");
  assert.equal(judgeRatio({ ratio: 1.02, low: 1.01, high: 1.03 }), "same");
  assert.equal(judgeRatio({ ratio: 1.1, low: 1.05, high: 1.2 }, 0.2), "same");
});

test("ratioOf and pairedRatio refuse too few repeats and values that are not positive", () => {
  const four = [1, 2, 3, 4];
  const five = [1, 2, 3, 4, 5];
  assert.throws(() => ratioOf(five, four), /4 repeats; a ratio needs at least 5/);
  assert.throws(() => ratioOf(five, [0, 1, 2, 3, 4]), /positive numbers, not 0/);
  assert.throws(() => pairedRatio(five.map((value) => [Number.NaN, value])), /positive numbers, not NaN/);
  assert.throws(() => ratioOf(five, five, { confidence: 95 }), RangeError);
});
