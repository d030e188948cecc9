import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "../../measure/median.ts";
import { capacityOf } from "../law/law.ts";
import { samplePlan, simulate } from "../testing/simulated-stack.ts";
import { mostSteps, nextAction, remaining, resultsOf, visitsOf } from "./campaign.ts";

const law = { lambda: 400, sigma: 0.08, kappa: 0.01 };
const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

test("visitsOf goes up and down, so that drift does not look like a loss by more pods", () => {
  const visits = visitsOf({ pods: [1, 2], rounds: 3 });
  assert.deepEqual(
    visits.map(({ pods, round }) => `${pods}/${round}`),
    ["1/1", "2/1", "2/2", "1/2", "1/3", "2/3"],
  );
});

const conditions = {
  "noise of 3 %": { noise: 0.03 },
  "noise, pauses and invalid steps": { noise: 0.03, pauses: 0.05, invalid: 0.1 },
  "noise, and a machine that loses 0.1 % with each step": { noise: 0.03, drift: -0.001 },
};
for (const [what, condition] of Object.entries(conditions))
  test(`a campaign finds the capacity within a few percent with ${what}`, () => {
    const plan = samplePlan();
    const errors = seeds.flatMap((seed) => {
      const steps = simulate(plan, { law, ...condition, seed });
      assert.ok(steps.length <= mostSteps(plan), `${steps.length} steps`);
      const results = resultsOf(plan, steps);
      assert.equal(results.length, 9);
      return results.map(({ pods, rate }) => rate / capacityOf(law, pods) - 1);
    });
    const bias = median(errors);
    const typical = median(errors.map(Math.abs));
    assert.ok(Math.abs(bias) < 0.035, `median error ${bias}`);
    assert.ok(typical < 0.04, `median distance ${typical}`);
    const far = errors.filter((error) => Math.abs(error) > 0.12).length;
    assert.ok(far <= errors.length * 0.02, `${far} of ${errors.length} are further than 12 % away`);
  });

test("a campaign goes on from any of its steps as if it had not been interrupted", () => {
  const plan = samplePlan({ rounds: 2 });
  const steps = simulate(plan, { law, noise: 0.03, invalid: 0.1 });
  for (const [index, { pods, round, rate }] of steps.entries())
    assert.deepEqual(nextAction(plan, steps.slice(0, index)), { kind: "measure", pods, round, rate });
  assert.deepEqual(nextAction(plan, steps), { kind: "end" });
});

test("a campaign begins with a probe, and repeats it when it is invalid", () => {
  const plan = samplePlan();
  const probe = { pods: 1, round: 1, rate: null, achieved: 0 };
  assert.deepEqual(nextAction(plan, []), { kind: "measure", pods: 1, round: 1, rate: null });
  const invalid = { ...probe, verdict: "invalid" } as const;
  assert.deepEqual(nextAction(plan, [invalid]), { kind: "measure", pods: 1, round: 1, rate: null });
  const first = nextAction(plan, [invalid, { ...probe, verdict: "pass", achieved: 1000 }]);
  assert.deepEqual(first, { kind: "measure", pods: 1, round: 1, rate: 800 });
  assert.equal(nextAction(plan, [invalid, invalid, invalid]).kind, "measure");
});

test("remaining falls to nothing at the end of a campaign", () => {
  const plan = samplePlan();
  const steps = simulate(plan, { law, noise: 0.03 });
  assert.deepEqual(remaining(plan, []), { visits: 9, steps: 3 * 8 + 6 * 5 });
  assert.deepEqual(remaining(plan, steps), { visits: 0, steps: 0 });
});
