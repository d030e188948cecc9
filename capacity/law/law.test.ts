import assert from "node:assert/strict";
import { test } from "node:test";
import { capacityOf, fitLaw, fitUnbounded, peakPods } from "./law.ts";

const near = (actual: number, expected: number, tolerance = 1e-6) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, not ${expected}`);

for (const law of [
  { lambda: 1000, sigma: 0.05, kappa: 0.004 },
  { lambda: 300, sigma: 0, kappa: 0.02 },
  { lambda: 300, sigma: 0.3, kappa: 0 },
  { lambda: 50, sigma: 0, kappa: 0 },
])
  test(`fitLaw finds ${JSON.stringify(law)} from exact points`, () => {
    for (const counts of [
      [1, 2, 3],
      [2, 4, 8, 16],
    ]) {
      const fit = fitLaw(counts.map((pods) => ({ pods, rate: capacityOf(law, pods) })));
      near(fit.lambda / law.lambda, 1);
      near(fit.sigma, law.sigma);
      near(fit.kappa, law.kappa);
    }
  });

test("fitLaw keeps σ and κ at 0 or above, for pods that add more than the first one", () => {
  const points = [1, 2, 3].map((pods) => ({ pods, rate: 100 * pods ** 1.1 }));
  const { lambda, sigma, kappa } = fitLaw(points);
  assert.deepEqual([sigma, kappa], [0, 0]);
  assert.ok(lambda > 100 && lambda < 113, String(lambda));
  const unbounded = fitUnbounded(points);
  assert.ok(unbounded && unbounded.sigma < 0);
});

test("fitLaw leaves parameters that are not free at 0", () => {
  const law = { lambda: 100, sigma: 0.1, kappa: 0.05 };
  const points = [1, 2].map((pods) => ({ pods, rate: capacityOf(law, pods) }));
  assert.equal(fitLaw(points, { sigma: true, kappa: false }).kappa, 0);
  assert.equal(fitLaw(points, { sigma: false, kappa: true }).sigma, 0);
  near(fitLaw(points, { sigma: true, kappa: false }).sigma, 0.1 + 2 * 0.05);
});

test("fitLaw takes equal numbers of pods, which determine no loss", () => {
  const fit = fitLaw([
    { pods: 3, rate: 290 },
    { pods: 3, rate: 310 },
  ]);
  near(fit.lambda, 100, 1);
  assert.deepEqual([fit.sigma, fit.kappa], [0, 0]);
  assert.equal(fitUnbounded([{ pods: 3, rate: 290 }]), undefined);
});

test("fitLaw refuses no points, and points that are not positive and finite", () => {
  assert.throws(() => fitLaw([]), RangeError);
  for (const point of [
    { pods: 0, rate: 1 },
    { pods: 1, rate: 0 },
    { pods: 1, rate: Number.NaN },
    { pods: 1, rate: Number.POSITIVE_INFINITY },
  ])
    assert.throws(() => fitLaw([point]), RangeError, JSON.stringify(point));
});

test("peakPods is where more pods carry less", () => {
  const law = { lambda: 1, sigma: 0.04, kappa: 0.01 };
  near(peakPods(law), Math.sqrt(0.96 / 0.01));
  const peak = Math.round(peakPods(law));
  assert.ok(
    capacityOf(law, peak) > capacityOf(law, peak + 3) && capacityOf(law, peak) > capacityOf(law, peak - 3),
  );
  assert.equal(peakPods({ ...law, kappa: 0 }), Number.POSITIVE_INFINITY);
  assert.equal(peakPods({ ...law, sigma: 1.5 }), 1);
});
