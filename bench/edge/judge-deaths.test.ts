import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeDeaths, judgePosts } from "./judge-deaths.ts";

const isMet = (...poisoned: [method: string, ended: number][]) =>
  judgeDeaths(poisoned.map(([method, ended]) => ({ method, ended }))).map((finding) => finding.isMet);

test("judgeDeaths allows two pods for idempotent methods, and one for the others", () => {
  assert.deepEqual(isMet(["GET", 2], ["PUT", 1], ["POST", 1], ["PATCH", 1]), [true, true]);
  assert.deepEqual(isMet(["GET", 3], ["POST", 1]), [false, true]);
  assert.deepEqual(isMet(["GET", 2], ["POST", 2]), [true, false]);
});

test("judgeDeaths is not met by a request that ended no pod", () => {
  assert.deepEqual(isMet(["GET", 0], ["POST", 0]), [false, false]);
});

test("judgePosts finds a POST that reached two pods, or one pod twice", () => {
  const isMet = (...received: Record<string, number>[]) =>
    judgePosts({ sent: 2, failed: [], received }).isMet;
  assert.equal(isMet({ a: 1 }, { b: 1 }), true);
  assert.equal(isMet({ a: 1 }, { a: 1 }), false);
  assert.equal(isMet({ a: 2 }), false);
});

test("judgePosts allows a POST to fail in its pod, and not before", () => {
  const of = (...failed: string[]) => judgePosts({ sent: 2, failed, received: [{ a: 1 }] });
  assert.equal(of("a").isMet, true);
  assert.equal(of("a", "b").isMet, false);
  assert.equal(of("a", "b").measured, "0 repeated; 1 failed in their pods, 1 in none");
});

test("judgePosts is not met when no pod has received a POST", () => {
  assert.equal(judgePosts({ sent: 5, failed: [], received: [{}] }).isMet, false);
});
