import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubernetesObject } from "./kubernetes.ts";
import { Lease } from "./lease.ts";

/** Two processes that want one lease, with a clock that the test sets. */
function two() {
  const world = {
    nowMs: 0,
    isUp: true,
    isBusy: false,
    stored: undefined as KubernetesObject | undefined,
    version: 0,
  };
  const kubernetes = {
    get: async <T>() => {
      if (!world.isUp) throw new Error("connect ECONNREFUSED");
      return structuredClone(world.stored) as T | undefined;
    },
    write: async (_path: string, object: KubernetesObject) => {
      if (!world.isUp) throw new Error("connect ECONNREFUSED");
      if (world.isBusy || object.metadata.resourceVersion !== world.stored?.metadata.resourceVersion)
        return false;
      world.version++;
      world.stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(world.version) } };
      return true;
    },
  };
  const leaseOf = (holder: string) =>
    new Lease({ kubernetes, namespace: "space", name: "lease", holder, clock: () => world.nowMs });
  return { world, a: leaseOf("a"), b: leaseOf("b") };
}

test("Lease is held by the first who takes it, and by nobody else while it is renewed", async () => {
  const { world, a, b } = two();
  await a.renew();
  for (world.nowMs = 0; world.nowMs < 60_000; world.nowMs += 5_000) {
    await a.renew();
    await b.renew();
    assert.deepEqual([a.isHeld, b.isHeld], [true, false]);
  }
  assert.match(b.obstacle, /^a to end or to be silent for 8 s/);
});

test("Lease is never held by two, although its holder cannot renew it", async () => {
  const { world, a, b } = two();
  await a.renew();
  await b.renew();
  world.nowMs = 4_999;
  assert.ok(a.isHeld);
  world.nowMs = 5_000;
  await b.renew();
  assert.deepEqual([a.isHeld, b.isHeld], [false, false]);
  world.nowMs = 8_001;
  await b.renew();
  assert.deepEqual([a.isHeld, b.isHeld], [false, true]);
  await a.renew();
  assert.deepEqual([a.isHeld, b.isHeld], [false, true]);
});

test("Lease counts from the renewal that this process has seen, whatever the time in it", async () => {
  const { world, a, b } = two();
  world.stored = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "lease", namespace: "space", resourceVersion: "0" },
    spec: { holderIdentity: "gone", renewTime: "1999-01-01T00:00:00.000000Z" },
  } as KubernetesObject;
  await a.renew();
  assert.ok(!a.isHeld);
  world.nowMs = 8_001;
  await b.renew();
  assert.ok(!b.isHeld);
  await a.renew();
  assert.ok(a.isHeld);
});

test("Lease that is released can be taken at once", async () => {
  const { a, b } = two();
  await a.renew();
  await a.release();
  assert.ok(!a.isHeld);
  await b.renew();
  assert.ok(b.isHeld);
  await a.release();
  assert.ok(b.isHeld);
});

test("Lease is lost when the API server is away for five seconds, and says why", async () => {
  const { world, a } = two();
  await a.renew();
  world.isUp = false;
  world.nowMs = 1_500;
  await a.renew();
  assert.ok(a.isHeld);
  world.nowMs = 5_000;
  assert.ok(!a.isHeld);
  assert.equal(a.obstacle, "the lease (connect ECONNREFUSED)");
});

test("Lease is not held when another process has written in between", async () => {
  const { world, a } = two();
  world.isBusy = true;
  await a.renew();
  assert.ok(!a.isHeld);
});
