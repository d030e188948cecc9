import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReleaseOverlay, ReleasePools } from "../contract/release-overlay.ts";
import type { PoolPlan } from "./derive.ts";
import { releasePools } from "./release-pools.ts";

const single: PoolPlan = {
  name: "api",
  serviceName: "api-headless",
  replicas: 5,
  podWeight: 1,
  backup: false,
  share: 1,
};
const beside = {
  stableWeight: 90,
  stableReplicas: 3,
  canaryWeight: 10,
  canaryReplicas: 1,
  keepsCanary: false,
};
const overlay = (pools: ReleasePools | null, image: string | null = "api:2"): ReleaseOverlay => ({
  releaseId: "r-1",
  image,
  stableImage: "api:1",
  pools,
  kitImage: null,
});

test("a stack without an open release, and one whose release settles, has the pools of stack config", () => {
  assert.deepEqual(releasePools([single], undefined), [single]);
  assert.deepEqual(releasePools([single], overlay(null)), [single]);
});

test("the old pool keeps its pods and their number, and the canary has the image and the share of the release", () => {
  const [old, canary] = releasePools([single], overlay(beside));
  assert.deepEqual([old?.name, old?.replicas, old?.share, old?.keepsSpec], ["api", 3, 90, true]);
  assert.deepEqual([canary?.name, canary?.replicas, canary?.share], ["api-canary", 1, 10]);
  assert.deepEqual([canary?.image, canary?.keepsSpec, canary?.isCanary], ["api:2", false, true]);
});

test("the weights of single pods give both pools their shares", () => {
  const [old, canary] = releasePools([single], overlay(beside));
  assert.equal(((old?.podWeight ?? 0) * 3) / (canary?.podWeight ?? 1), 9);
});

test("a pool with a weight of 0 has no share, and a canary without pods is no pool", () => {
  const full = releasePools(
    [single],
    overlay({ ...beside, stableWeight: 0, canaryWeight: 100, canaryReplicas: 3 }),
  );
  assert.deepEqual(
    full.map(({ share }) => share),
    [0, 100],
  );
  const gone = releasePools([single], overlay({ ...beside, canaryReplicas: 0 }, null));
  assert.deepEqual(
    gone.map(({ name, keepsSpec }) => [name, keepsSpec]),
    [["api", true]],
  );
});

test("a canary that leaves keeps its pods, whatever image this checkout has", () => {
  const [, canary] = releasePools([single], overlay({ ...beside, canaryWeight: 0, keepsCanary: true }, null));
  assert.equal(canary?.keepsSpec, true);
  assert.equal(canary?.image, undefined);
});

test("an autoscaled old pool keeps its autoscaler, which removes none of its pods while they have no traffic", () => {
  const autoscale = { min: 2, max: 9, cpuMillicores: 700, scaleDownAfter: 60_000 };
  const released = overlay({ ...beside, stableReplicas: 6 });
  const [old] = releasePools([{ ...single, replicas: 9, autoscale }], released);
  assert.deepEqual([old?.replicas, old?.autoscale], [9, { ...autoscale, min: 6 }]);
});
