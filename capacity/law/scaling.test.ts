import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "../../measure/median.ts";
import { seededRandom } from "../../measure/random.ts";
import { normalNumbers } from "../testing/simulated-stack.ts";
import { type CapacityPoint, capacityOf, type ScalingLaw } from "./law.ts";
import { fitScaling } from "./scaling.ts";

const mild = { lambda: 1000, sigma: 0.05, kappa: 0.005 };
const strong = { lambda: 400, sigma: 0.15, kappa: 0.02 };
const linear = { lambda: 1000, sigma: 0, kappa: 0 };
const precision = 0.05;
const runs = 120;

function measured(law: ScalingLaw, pods: readonly number[], rounds: number, seed: number): CapacityPoint[] {
  const normal = normalNumbers(seededRandom(seed * 7919));
  return Array.from({ length: rounds }).flatMap(() =>
    pods.map((count) => ({ pods: count, rate: capacityOf(law, count) * Math.exp(0.03 * normal()) })),
  );
}

/** The share of the simulations whose intervals contain the truth, by what they are of. */
function coverage(law: ScalingLaw, pods: readonly number[], rounds: number, beyond: number) {
  const hits = { lambda: 0, sigma: 0, kappa: 0, measured: 0, beyond: 0 };
  const last = pods.at(-1) ?? 1;
  for (let seed = 1; seed <= runs; seed++) {
    const fit = fitScaling(measured(law, pods, rounds, seed), precision, {
      random: seededRandom(seed),
      resamples: 300,
    });
    const count = (
      name: keyof typeof hits,
      truth: number,
      ends: { low: number | null; high: number } | null,
    ) => {
      if (ends && truth >= (ends.low ?? 0) - 1e-9 && truth <= ends.high + 1e-9) hits[name] += 1 / runs;
    };
    count("lambda", law.lambda, fit.lambda);
    count("sigma", law.sigma, fit.sigma);
    count("kappa", law.kappa, fit.kappa);
    count("measured", capacityOf(law, last), fit.at(last));
    count("beyond", capacityOf(law, beyond), fit.at(beyond));
  }
  return hits;
}

for (const [name, law, pods, rounds, beyond] of [
  ["a mild loss, 1 to 3 pods", mild, [1, 2, 3], 3, 5],
  ["a strong loss, 1 to 6 pods", strong, [1, 2, 4, 6], 2, 8],
  ["no loss, 1 to 3 pods", linear, [1, 2, 3], 3, 5],
] as const)
  test(`fitScaling's 95 % intervals contain the truth in about 95 % of simulations: ${name}`, () => {
    for (const [what, share] of Object.entries(coverage(law, pods, rounds, beyond)))
      assert.ok(share >= 0.88, `${what}: ${(share * 100).toFixed(0)} %`);
  });

test("fitScaling predicts numbers of pods that were not measured within 15 %", () => {
  const seeds = Array.from({ length: 100 }, (_, index) => index + 1);
  for (const [law, pods, other] of [
    [mild, [1, 2, 3], 4],
    [strong, [1, 2, 3], 4],
    [strong, [1, 2, 4], 3],
    [mild, [1, 2, 4, 6], 8],
    [strong, [1, 2, 4, 6], 8],
  ] as const) {
    const errors = seeds.map((seed) => {
      const { at } = fitScaling(measured(law, pods, 3, seed), precision, { resamples: 2 });
      return Math.abs(at(other).value / capacityOf(law, other) - 1);
    });
    const within = errors.filter((error) => error <= 0.15).length / seeds.length;
    assert.ok(within >= 0.95, `${pods} → ${other}: ${within}`);
    assert.ok(median(errors) < 0.06, `${pods} → ${other}: median ${median(errors)}`);
  }
});

test("fitScaling says of two numbers of pods that σ and κ are not known, and has both as the band's ends", () => {
  const law = { lambda: 100, sigma: 0.1, kappa: 0.05 };
  const points = [1, 2, 2, 1].map((pods) => ({ pods, rate: capacityOf(law, pods) }));
  const fit = fitScaling(points, precision);
  assert.deepEqual([fit.knowledge, fit.sigma, fit.kappa, fit.peak], ["two", null, null, null]);
  const { low, high } = fit.at(6);
  const truth = capacityOf(law, 6);
  assert.ok(low !== null && low < truth && high > truth, `${low} … ${high}`);
  assert.ok(low < capacityOf({ lambda: 100, sigma: 0, kappa: 0.1 }, 6) * 1.01);
});

test("fitScaling says of one number of pods that more pods have no lower bound", () => {
  const fit = fitScaling(
    [
      { pods: 2, rate: 195 },
      { pods: 2, rate: 205 },
    ],
    precision,
  );
  assert.deepEqual([fit.knowledge, fit.sigma, fit.at(4).low], ["one", null, null]);
  assert.ok(fit.at(4).high > 380);
  assert.notEqual(fit.at(2).low, null);
});

test("fitScaling does not take equal results for certainty: the precision of a search remains", () => {
  const points = [1, 2, 3, 3, 2, 1].map((pods) => ({ pods, rate: 100 * pods }));
  const fit = fitScaling(points, precision);
  assert.ok(fit.noise > 0.01);
  assert.ok(fit.lambda.low < 99.5 && fit.lambda.high > 100.5);
  assert.equal(fit.peak?.high, Number.POSITIVE_INFINITY);
});

test("fitScaling reports that the noise is not known when no search was repeated", () => {
  const fit = fitScaling(
    [1, 2, 3].map((pods) => ({ pods, rate: 100 * pods })),
    precision,
  );
  assert.equal(fit.noiseIsMeasured, false);
});

test("fitScaling shows by its misfit that a stack does not follow the law", () => {
  const rates = { 1: 100, 2: 200, 3: 300, 4: 300, 5: 300 };
  const points = Object.entries(rates).map(([pods, rate]) => ({ pods: Number(pods), rate }));
  assert.ok(fitScaling(points, precision).worstMisfit > 0.05);
});
