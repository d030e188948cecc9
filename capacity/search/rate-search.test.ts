import assert from "node:assert/strict";
import { test } from "node:test";
import { nextRate, type SearchSettings } from "./rate-search.ts";
import type { StepResult, StepVerdict } from "./step.ts";

const settings: SearchSettings = {
  minRate: 10,
  maxRate: 10_000,
  precision: 0.05,
  maxSteps: 16,
  maxInvalid: 2,
};

const stepAt = (rate: number, verdict: StepVerdict): StepResult => ({
  pods: 1,
  round: 1,
  rate,
  verdict,
  achieved: rate,
});

/** Searches with a verdict for each rate. @returns the steps and the end */
function search(verdictAt: (rate: number, index: number) => StepVerdict, first = 500, more = settings) {
  const steps: StepResult[] = [];
  for (;;) {
    const action = nextRate(more, first, steps);
    if (action.kind === "end") return { steps, found: action.found };
    steps.push(stepAt(action.rate, verdictAt(action.rate, steps.length)));
  }
}

for (const first of [15, 500, 900, 1000, 9000])
  test(`nextRate finds a capacity of 1000 /s from ${first} /s`, () => {
    const { found, steps } = search((rate) => (rate <= 1000 ? "pass" : "fail"), first);
    assert.equal(found.end, "found");
    assert.ok((found.passed ?? 0) <= 1000 && (found.failed ?? 0) > 1000, JSON.stringify(found));
    assert.ok((found.failed ?? 0) / (found.passed ?? 1) <= 1.05);
    assert.ok(steps.length <= 18, `${steps.length} steps`);
  });

test("nextRate repeats a failed step, and two good repeats outvote it", () => {
  assert.deepEqual(nextRate(settings, 500, [stepAt(500, "fail")]), { kind: "measure", rate: 500 });
  const outvoted = [stepAt(500, "fail"), stepAt(500, "pass"), stepAt(500, "pass")];
  assert.deepEqual(nextRate(settings, 500, outvoted), { kind: "measure", rate: 625 });
  const failed = [stepAt(500, "fail"), stepAt(500, "pass"), stepAt(500, "fail")];
  assert.deepEqual(nextRate(settings, 500, failed), { kind: "measure", rate: 400 });
});

test("nextRate repeats invalid steps, and they decide nothing", () => {
  const invalid = [stepAt(500, "invalid"), stepAt(500, "invalid")];
  assert.deepEqual(nextRate(settings, 500, invalid), { kind: "measure", rate: 500 });
  assert.deepEqual(nextRate(settings, 500, [...invalid, stepAt(500, "pass")]), {
    kind: "measure",
    rate: 625,
  });
});

test("nextRate ends with a lower bound where the load generator is the limit", () => {
  const { found } = search((rate) => (rate > 700 ? "invalid" : "pass"));
  assert.equal(found.end, "at least");
  assert.ok(found.rate > 650 && found.rate <= 700, String(found.rate));
  assert.match(found.reason, /^7\d\d \/s could not be measured$/);
});

test("nextRate goes down from a first rate that the load generator cannot make", () => {
  const { found } = search((rate) => (rate > 400 ? "invalid" : rate > 300 ? "fail" : "pass"));
  assert.equal(found.end, "found");
  assert.ok(Math.abs(found.rate / 300 - 1) < 0.05, String(found.rate));
});

test("nextRate reports a stack whose lowest rate fails, and one that cannot be measured", () => {
  assert.deepEqual(search(() => "fail").found, {
    end: "below",
    rate: 10,
    passed: null,
    failed: 10,
    reason: "the lowest rate, 10 /s, failed",
  });
  assert.equal(search(() => "invalid").found.end, "not measured");
});

test("nextRate ends at the highest rate, and after the highest number of steps", () => {
  const highest = search(() => "pass").found;
  assert.deepEqual([highest.end, highest.rate], ["at least", 10_000]);
  const verdict = (rate: number) => (rate <= 1000 ? "pass" : "fail");
  const { found, steps } = search(verdict, 500, { ...settings, maxSteps: 5 });
  assert.equal(steps.length, 5);
  assert.equal(found.reason, "the search ended after 5 steps");
});
