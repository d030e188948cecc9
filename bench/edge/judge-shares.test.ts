import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeShares } from "./judge-shares.ts";

test("judgeShares is met within 2 points, and not beyond", () => {
  assert.equal(judgeShares([90, 10], [88_100, 11_900]).isMet, true);
  assert.equal(judgeShares([90, 10], [87_900, 12_100]).isMet, false);
  assert.equal(judgeShares([3, 2], [0, 100]).isMet, false);
});

test("judgeShares is not met without requests", () => {
  assert.equal(judgeShares([3, 2], [0, 0]).isMet, false);
});

test("judgeShares shows the shares and the largest difference", () => {
  assert.equal(judgeShares([3, 2], [595, 405]).measured, "59.50 : 40.50 %, 0.50 points off");
});
