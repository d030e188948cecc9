import assert from "node:assert/strict";
import { test } from "node:test";
import { normalCdf, normalQuantile, studentQuantile } from "./distributions.ts";

const near = (got: number, wanted: number, within = 5e-4) =>
  assert.ok(Math.abs(got - wanted) <= within, `${got} instead of ${wanted}`);

test("normalQuantile agrees with tables and inverts normalCdf", () => {
  near(normalQuantile(0.975), 1.95996, 1e-5);
  near(normalQuantile(0.0005), -3.29053, 1e-3);
  near(normalQuantile(0.5), 0, 1e-5);
  near(normalCdf(normalQuantile(0.2)), 0.2, 1e-9);
});

test("studentQuantile agrees with tables for odd and even degrees of freedom", () => {
  const table = [
    [0.975, 1, 12.706],
    [0.975, 2, 4.303],
    [0.975, 5, 2.571],
    [0.995, 12, 3.055],
    [0.95, 7, 1.895],
    [0.025, 10, -2.228],
  ] as const;
  for (const [share, degrees, wanted] of table) near(studentQuantile(share, degrees), wanted);
});

test("quantiles refuse shares and degrees of freedom out of range", () => {
  assert.throws(() => normalQuantile(1), RangeError);
  assert.throws(() => studentQuantile(0, 4), RangeError);
  assert.throws(() => studentQuantile(0.9, 1.5), RangeError);
});
