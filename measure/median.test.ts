import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "./median.ts";

test("median returns the middle value, the mean of two middle values, and NaN without values", () => {
  const values = [9, 1, 10];
  assert.equal(median(values), 9);
  assert.equal(median([4, 1, 2, 100]), 3);
  assert.equal(median([7]), 7);
  assert.equal(median([]), Number.NaN);
  assert.deepEqual(values, [9, 1, 10]);
});
