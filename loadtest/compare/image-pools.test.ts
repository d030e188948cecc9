import assert from "node:assert/strict";
import { test } from "node:test";
import type { V1Pod, V1PodStatus } from "@kubernetes/client-node";
import { whyNotReady } from "./image-pools.ts";

const pod = (status: V1PodStatus): V1Pod => ({ status });
const container = { name: "api", image: "", imageID: "", ready: false, restartCount: 0 };

test("an image that cannot be pulled is told at once, in the cluster's words", () => {
  const waiting = { reason: "ErrImagePull", message: "not found" };
  assert.deepEqual(whyNotReady([pod({ containerStatuses: [{ ...container, state: { waiting } }] })]), {
    reason: "ErrImagePull: not found",
    final: true,
  });
});

test("a container that crashes is told with its exit code", () => {
  const state = { waiting: { reason: "CrashLoopBackOff" } };
  const lastState = { terminated: { exitCode: 3 } };
  assert.deepEqual(whyNotReady([pod({ containerStatuses: [{ ...container, state, lastState }] })]), {
    reason: "CrashLoopBackOff; it ended with code 3",
    final: true,
  });
});

test("what is being made is waited for, with what holds it up", () => {
  const waiting = { reason: "ContainerCreating" };
  assert.equal(
    whyNotReady([pod({ containerStatuses: [{ ...container, state: { waiting } }] })]).final,
    false,
  );
  const conditions = [{ type: "PodScheduled", status: "False", message: "0/1 nodes: Insufficient cpu" }];
  assert.deepEqual(whyNotReady([pod({ conditions })]), {
    reason: "0/1 nodes: Insufficient cpu",
    final: false,
  });
  assert.equal(whyNotReady([]).reason, "no pod was created");
});
