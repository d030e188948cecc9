import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleLoad } from "../../loadtest/testing/samples.ts";
import { judgeStep } from "./judge-step.ts";

const scenario = (requestsPerSecond: number) => ({
  ...sampleLoad({ requestsPerSecond, durationSeconds: 10 }),
  about: "",
  turn: null,
  startSecond: 0,
  stack: null,
});
const report = (verdict: "pass" | "broken" | "invalid" | "gate failed", served = 1000) => ({
  verdict,
  reason: `the run is ${verdict}`,
  problems: [],
  scenarios: [scenario(served)],
});

test("judgeStep takes over the load test's verdict", () => {
  const verdicts = (["pass", "gate failed", "invalid", "broken"] as const).map(
    (verdict) => judgeStep(report(verdict), 1000, []).verdict,
  );
  assert.deepEqual(verdicts, ["pass", "fail", "invalid", "invalid"]);
  assert.deepEqual(judgeStep(report("pass"), 1000, []), {
    verdict: "pass",
    reason: "the run is pass",
    achieved: 1000,
    p99Ms: 9,
  });
});

test("judgeStep fails a stack that does not keep up, whose gates are too lax to see it", () => {
  const { verdict, reason } = judgeStep(report("pass", 900), 1000, []);
  assert.equal(verdict, "fail");
  assert.match(reason, /^900\.0 good responses per second to 1000 due requests/);
  assert.equal(judgeStep(report("pass", 975), 1000, []).verdict, "pass");
});

test("judgeStep does not fail a low rate for two responses at the end of the time", () => {
  assert.equal(judgeStep(report("pass", 9.8), 10, []).verdict, "pass");
});

test("judgeStep repeats a step in which an API pod got no request", () => {
  const { verdict, reason } = judgeStep(report("pass"), 1000, ["api-2"]);
  assert.deepEqual([verdict, reason], ["invalid", "the gateway sent no request to api-2"]);
});

test("judgeStep takes a probe for good that measured anything, and for invalid without a load", () => {
  assert.equal(judgeStep(report("invalid", 1200), null, []).verdict, "pass");
  assert.equal(judgeStep(report("broken", 0), null, []).verdict, "invalid");
  const without = { ...report("broken"), scenarios: [], problems: ["the cluster is gone"] };
  assert.deepEqual(judgeStep(without, 500, []), {
    verdict: "invalid",
    reason: "the cluster is gone",
    achieved: 0,
    p99Ms: null,
  });
});
