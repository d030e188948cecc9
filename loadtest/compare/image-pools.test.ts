import assert from "node:assert/strict";
import { test } from "node:test";
import type { V1Pod, V1PodStatus } from "@kubernetes/client-node";
import { whyNotReady } from "./image-pools.ts";

const pod = (status: V1PodStatus): V1Pod => ({ status });
const container = { name: "api", image: "", imageID: "", ready: false, restartCount: 0 };

test("whyNotReady is final when an image cannot be pulled", () => {
  const waiting = { reason: "ErrImagePull", message: "not found" };
  assert.deepEqual(whyNotReady([pod({ containerStatuses: [{ ...container, state: { waiting } }] })]), {
    reason: "ErrImagePull: not found",
    final: true,
  });
});

test("whyNotReady has the exit code when a container crashes", () => {
  const state = { waiting: { reason: "CrashLoopBackOff" } };
  const lastState = { terminated: { exitCode: 3 } };
  assert.deepEqual(whyNotReady([pod({ containerStatuses: [{ ...container, state, lastState }] })]), {
    reason: "CrashLoopBackOff; it ended with code 3",
    final: true,
  });
});

test("whyNotReady is not final while the pod starts or cannot be scheduled", () => {
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
