import assert from "node:assert/strict";
import { test } from "node:test";
import { growthOf } from "./growth.ts";

const series = (bytes: readonly number[]) =>
  bytes.map((value, index) => ({ second: index * 10, bytes: value }));

test("growthOf returns the median slope, whatever the value of one point", () => {
  const growth = growthOf(series([0, 10, 20, 30, 999, 50, 60, 70]));
  assert.ok(growth);
  assert.equal(growth.perSecond, 1);
  assert.ok(growth.low <= 1 && growth.high >= 1);
});

test("growthOf has an interval around 0 for a flat series, and above 0 for a growing one", () => {
  const flat = growthOf(series([5, 3, 6, 2, 4, 5, 3, 4, 6, 2]));
  assert.ok(flat && flat.low < 0 && flat.high > 0, JSON.stringify(flat));
  const grows = growthOf(series([0, 9, 21, 29, 42, 48, 61, 70]));
  assert.ok(grows && grows.low > 0.8 && grows.high < 1.2, JSON.stringify(grows));
});

test("growthOf claims growth of noise in about one of forty cases", () => {
  let claimed = 0;
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const runs = 4000;
  for (let run = 0; run < runs; run++) {
    const growth = growthOf(series(Array.from({ length: 12 }, random)));
    if (growth && growth.low > 0) claimed++;
  }
  assert.ok(claimed / runs > 0.01 && claimed / runs < 0.035, `${claimed / runs}`);
});

test("growthOf returns undefined for few points, and for points at the same time", () => {
  assert.equal(growthOf(series([1, 2, 3, 4, 5])), undefined);
  assert.equal(growthOf(series([1, 2, 3, 4, 5, 6]).map(({ bytes }) => ({ second: 7, bytes }))), undefined);
});
