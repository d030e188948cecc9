import assert from "node:assert/strict";
import { test } from "node:test";
import { capacityOf, type ScalingLaw } from "../law/law.ts";
import { fitScaling } from "../law/scaling.ts";
import { sampleMetrics } from "../testing/sample-steps.ts";
import { type PresentSize, sizeFor } from "./sizing.ts";

const present: PresentSize[] = [
  { role: "api", replicas: 2, limitCores: 1 },
  { role: "nginx", replicas: 2, limitCores: 1 },
  { role: "redis", replicas: 3, limitCores: 0.5 },
  { role: "database", replicas: 1, limitCores: 1 },
];
const served = [{ achieved: 1000, metrics: sampleMetrics() }];

const scalingOf = (law: ScalingLaw, pods: readonly number[]) =>
  fitScaling(
    [...pods, ...pods].map((count) => ({ pods: count, rate: capacityOf(law, count) })),
    0.05,
  );
const mild = { lambda: 500, sigma: 0.05, kappa: 0.002 };

test("sizeFor gives the lowest measured number of pods that surely carries the rate with its headroom", () => {
  const sizing = sizeFor({ rate: 900, headroom: 0.3 }, scalingOf(mild, [1, 2, 3, 4]), present, served);
  assert.deepEqual(
    [sizing.needed, sizing.pods, sizing.likelyPods, sizing.certainty],
    [1170, 3, 3, "measured"],
  );
  assert.match(sizing.sentence, /^900 \/s with 30 % headroom are 1,170 \/s: 3 API pods, which was measured$/);
  assert.deepEqual(sizing.advice[0], {
    option: "api.replicas",
    value: "3",
    isChange: true,
    reason: "now 2; measured",
  });
});

test("sizeFor marks numbers of pods beyond the measured ones", () => {
  const scaling = scalingOf(mild, [1, 2, 3, 4]);
  const extrapolated = sizeFor({ rate: 1800, headroom: 0.1 }, scaling, present, served);
  assert.equal(extrapolated.certainty, "extrapolated");
  assert.match(extrapolated.sentence, /extrapolated from at most 4 pods; measure it/);
});

test("sizeFor says when no number of pods carries the rate", () => {
  const sizing = sizeFor(
    { rate: 5000, headroom: 0 },
    scalingOf({ lambda: 500, sigma: 0.1, kappa: 0.05 }, [1, 2, 3, 4]),
    present,
    served,
  );
  assert.deepEqual([sizing.certainty, sizing.pods, sizing.likelyPods], ["unreachable", null, null]);
  assert.match(sizing.sentence, /no number of API pods carries that by the fit; 4 pods carry most/);
});

test("sizeFor gives no sure number from one measured number of pods", () => {
  const sizing = sizeFor({ rate: 1500, headroom: 0 }, scalingOf(mild, [1]), present, served);
  assert.deepEqual([sizing.pods, sizing.likelyPods, sizing.certainty], [null, 3, "far"]);
  assert.match(sizing.sentence, /perhaps 3 API pods, but one number of pods says nothing/);
});

test("sizeFor scales the other roles by their CPU time for each request, and never below now", () => {
  const sizing = sizeFor({ rate: 4000, headroom: 0.25 }, scalingOf(mild, [1, 2, 3]), present, served);
  const values = Object.fromEntries(sizing.advice.map(({ option, value }) => [option, value]));
  // Five times the rate: gateway pods 5 × 0.2 / 0.7 times as many, Redis and the database 5 × 0.1 / 0.7 and 5 × 0.2 / 0.7 cores.
  assert.deepEqual(values, {
    "api.replicas": sizing.advice[0]?.value,
    "api.cpu": "1",
    "nginx.replicas": "3",
    "redis.cpu": "750m",
    "database.cpu": "1450m",
  });
  const small = sizeFor({ rate: 100, headroom: 0 }, scalingOf(mild, [1, 2, 3]), present, served);
  assert.deepEqual(
    small.advice.slice(1).map(({ value, isChange }) => [value, isChange]),
    [
      ["1", false],
      ["2", false],
      ["500m", false],
      ["1", false],
    ],
  );
});

test("sizeFor leaves roles out that were not observed", () => {
  const sizing = sizeFor({ rate: 900, headroom: 0 }, scalingOf(mild, [1, 2, 3]), present, [
    { achieved: 1000, metrics: null },
  ]);
  assert.deepEqual(
    sizing.advice.map(({ option }) => option),
    ["api.replicas", "api.cpu"],
  );
});
