import assert from "node:assert/strict";
import { test } from "node:test";
import { overlayOf } from "./overlay.ts";
import type { Release, Step } from "./record.ts";
import { images, SimulatedStack } from "./testing/simulated-stack.ts";

const release = new SimulatedStack("good").release({ kitImage: "kit:1" });

/** Weight of the old pool, weight and pods of the canary, and whether the canary keeps its pods. */
const table: [Step, Release["heldAt"], [number, number, number, boolean] | null][] = [
  ["canary-up", null, [100, 0, 1, false]],
  ["compare", null, [100, 0, 1, false]],
  ["canary-traffic", null, [90, 10, 1, false]],
  ["canary-gate", null, [90, 10, 1, false]],
  ["promote", null, [0, 100, 3, false]],
  ["full-gate", null, [0, 100, 3, false]],
  ["hold", "compare", [100, 0, 1, false]],
  ["hold", "full-gate", [90, 10, 1, false]],
  ["held", "canary-gate", [90, 10, 1, false]],
  ["weights-back", null, [100, 0, 1, true]],
  ["remove-canary", null, [100, 0, 0, true]],
  ["back-gate", null, [100, 0, 0, true]],
  ["settle", null, null],
];

for (const [step, heldAt, expected] of table)
  test(`the overlay of ${step}${heldAt === null ? "" : ` at ${heldAt}`} has the pools of the step`, () => {
    const overlay = overlayOf({ ...release, step, heldAt });
    const pools = overlay?.pools;
    const found = pools && [pools.stableWeight, pools.canaryWeight, pools.canaryReplicas, pools.keepsCanary];
    assert.deepEqual(found, expected);
    const leaves = pools ? pools.keepsCanary : false;
    assert.equal(overlay?.image, leaves ? null : images.next);
    assert.equal(overlay?.kitImage, step === "settle" ? null : "kit:1");
  });

test("a release that has ended has no overlay", () => {
  assert.equal(overlayOf({ ...release, step: "ended" }), undefined);
});
