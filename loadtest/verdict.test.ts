import assert from "node:assert/strict";
import { test } from "node:test";
import type { GateResult } from "./gates.ts";
import { exitCodes, judge } from "./verdict.ts";

const gate = (verdict: GateResult["verdict"]): GateResult => ({
  metric: "p99",
  subject: "light",
  unit: "ms",
  value: 1,
  limit: 2,
  rule: "at most",
  samples: 10,
  verdict,
  reason: `the gate says ${verdict}`,
});

test("passes only when every gate passed and nothing went wrong", () => {
  assert.equal(judge([gate("pass"), gate("pass")], []).verdict, "pass");
});

test("a failed gate outranks a problem: what was seen stays true", () => {
  const { verdict, reason } = judge([gate("pass"), gate("fail")], ["a gap in the samples"]);
  assert.deepEqual([verdict, reason, exitCodes[verdict]], ["gate failed", "the gate says fail", 99]);
});

test("a problem, a gate that was not measured, and no gates at all are no pass", () => {
  assert.deepEqual(judge([gate("pass")], ["a gap"]), { verdict: "broken", reason: "a gap" });
  assert.deepEqual(judge([gate("not measured")], []), {
    verdict: "broken",
    reason: "the gate says not measured",
  });
  assert.equal(judge([], []).verdict, "broken");
  assert.equal(exitCodes.broken, 1);
});
