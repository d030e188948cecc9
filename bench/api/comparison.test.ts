import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, judge } from "./comparison.ts";

test("judge needs the whole interval on one side of the limit to call a target met or missed", () => {
  const atLeast = { atLeast: 0.9 };
  assert.equal(judge(atLeast, { low: 0.91, high: 0.95 }), "met");
  assert.equal(judge(atLeast, { low: 0.89, high: 0.95 }), "open");
  assert.equal(judge(atLeast, { low: 0.8, high: 0.89 }), "missed");
  const atMost = { atMost: 0.2 };
  assert.equal(judge(atMost, { low: 0.05, high: 0.1 }), "met");
  assert.equal(judge(atMost, { low: 0.15, high: 0.25 }), "open");
  assert.equal(judge(atMost, { low: 0.21, high: 0.25 }), "missed");
  assert.equal(judge({}, { low: 0.21, high: 0.25 }), "none");
});

test("compare pairs the values of a round, so that drift of both servers cancels out", () => {
  const raw = [100, 200, 300, 400, 500, 600];
  const samples = new Map([
    ["raw", raw],
    ["api", raw.map((value) => value * 0.9)],
  ]);
  const target = { part: "light", of: "api", by: "raw", unit: "requests per CPU second", atLeast: 0.85 };
  const { ratio, low, high, verdict } = compare(target, samples);
  for (const value of [ratio, low, high]) assert.ok(Math.abs(value - 0.9) < 1e-9);
  assert.equal(verdict, "met");
});
