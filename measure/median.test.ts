import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "./median.ts";

test("the middle value, between the two middle ones of an even number, and none of none", () => {
  const values = [9, 1, 10];
  assert.equal(median(values), 9);
  assert.equal(median([4, 1, 2, 100]), 3);
  assert.equal(median([7]), 7);
  assert.equal(median([]), Number.NaN);
  assert.deepEqual(values, [9, 1, 10]);
});
