import assert from "node:assert/strict";
import { test } from "node:test";
import { exitCodes } from "../../contract/user-error.ts";
import type { GateResult } from "../report/schema/gate.ts";
import { judgeRun } from "./verdict.ts";

const gate = (verdict: GateResult["verdict"]): GateResult => ({
  metric: "p99",
  subject: "light",
  unit: "time",
  value: 1,
  limit: 2,
  rule: "at most",
  samples: 10,
  expected: 0,
  verdict,
  reason: `the gate says ${verdict}`,
});

const problems = (broken: string[] = [], invalid: string[] = []) => ({ broken, invalid });

test("judgeRun passes only when every gate passed and there is no problem", () => {
  assert.equal(judgeRun([gate("pass"), gate("pass")], problems()).verdict, "pass");
});

test("judgeRun prefers a failed gate to a problem", () => {
  const { verdict, reason } = judgeRun([gate("pass"), gate("fail")], problems(["a gap"], ["interrupted"]));
  assert.deepEqual([verdict, reason, exitCodes[verdict]], ["gate failed", "the gate says fail", 99]);
});

test("judgeRun does not pass on a problem, a gate that was not measured, or no gates", () => {
  assert.deepEqual(judgeRun([gate("pass")], problems(["a gap"])), { verdict: "broken", reason: "a gap" });
  assert.deepEqual(judgeRun([gate("not measured")], problems()), {
    verdict: "broken",
    reason: "the gate says not measured",
  });
  assert.equal(judgeRun([], problems()).verdict, "broken");
  assert.equal(exitCodes.broken, 1);
});

test("judgeRun is invalid when the generator was the limit, unless the run could not be measured", () => {
  const invalid = judgeRun([gate("invalid"), gate("pass")], problems([], ["the generator was the limit"]));
  assert.deepEqual(invalid, { verdict: "invalid", reason: "the generator was the limit" });
  assert.equal(exitCodes[invalid.verdict], 98);
  assert.equal(judgeRun([gate("invalid")], problems()).verdict, "invalid");
  assert.equal(judgeRun([gate("pass")], problems(["a gap"], ["interrupted"])).verdict, "broken");
});

test("judgeRun fails on a regression although all gates passed", () => {
  const { verdict, reason } = judgeRun([gate("pass")], problems(), ["p50 of light is worse"]);
  assert.deepEqual([verdict, reason], ["gate failed", "p50 of light is worse"]);
});
