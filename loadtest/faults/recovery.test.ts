import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodEvent } from "../observe/pod-history.ts";
import type { SecondOfLoad } from "../report/schema/scenario.ts";
import { recoveryOf } from "./recovery.ts";

const startedAt = 1_800_000_000_000;

/** One p99 per second, from second 1; null: no response. */
function secondsOf(p99s: (number | null)[], failed: Record<number, number> = {}): SecondOfLoad[] {
  return p99s.map((p99Ms, index) => ({
    second: index + 1,
    requestsPerSecond: 100,
    failed: failed[index + 1] ?? 0,
    p50Ms: p99Ms,
    p99Ms,
  }));
}

function event(second: number, kind: PodEvent["kind"], pod = "api-1", workload = "api"): PodEvent {
  return { atMs: startedAt + second * 1000, kind, pod, workload, detail: "" };
}

/** Recovery from a fault at 3.5 s, after three seconds with a p99 of 10 ms. */
function recovery(given: {
  p99s: (number | null)[];
  failedAtMs?: number[];
  failed?: Record<number, number>;
  events?: PodEvent[];
}) {
  return recoveryOf({
    faultAtMs: startedAt + 3500,
    load: {
      startedAt,
      seconds: secondsOf([10, 10, 10, ...given.p99s], given.failed),
      failedAtMs: given.failedAtMs ?? [],
    },
    events: given.events ?? [],
    workloads: [{ name: "api", replicas: 2 }],
  });
}

test("recoveryOf is 0 ms when the fault had no effect", () => {
  assert.deepEqual(recovery({ p99s: [11, 12, 9] }), {
    errorWindow: null,
    failedRequests: 0,
    recoveredMs: 0,
    reason: "",
  });
});

test("recoveryOf has an error window from the first to the last failed request after the fault", () => {
  const { errorWindow, failedRequests } = recovery({
    p99s: [10, 10, 10],
    failedAtMs: [5700, 100, 3600, 4000],
    failed: { 1: 1, 4: 2, 6: 1 },
  });
  assert.deepEqual([errorWindow, failedRequests], [{ fromMs: 100, toMs: 2200 }, 3]);
});

test("recoveryOf counts failed requests without a time by their seconds", () => {
  const { errorWindow, failedRequests } = recovery({
    p99s: [10, 10, 10, 10],
    failedAtMs: [3600, 3700],
    failed: { 4: 10, 5: 20, 6: 1 },
  });
  assert.deepEqual([errorWindow, failedRequests], [{ fromMs: 100, toMs: 2500 }, 31]);
});

test("recoveryOf has an error window by seconds when no time after the fault was kept", () => {
  const { errorWindow, failedRequests } = recovery({
    p99s: [10, 10, 10],
    failedAtMs: [500],
    failed: { 1: 1, 2: 5, 5: 3 },
  });
  assert.deepEqual([errorWindow, failedRequests], [{ fromMs: 500, toMs: 1500 }, 3]);
});

test("recoveryOf ends at the first second from which p99 stays within twice its median before the fault", () => {
  assert.equal(recovery({ p99s: [10, 90, 20, 21, 15, 20, 12] }).recoveredMs, 3500);
});

test("recoveryOf treats a second without a response as not recovered", () => {
  assert.equal(recovery({ p99s: [null, null, 10, 10, 10] }).recoveredMs, 1500);
});

test("recoveryOf ends when the pods are ready, if that is later than p99", () => {
  const events = [event(4, "not_ready"), event(7.25, "ready")];
  assert.equal(recovery({ p99s: [30, 10, 10, 10, 10, 10] }).recoveredMs, 500);
  assert.equal(recovery({ p99s: [30, 10, 10, 10, 10, 10], events }).recoveredMs, 3750);
});

test("recoveryOf ignores p99 until the pods are ready", () => {
  const events = [event(4, "pod_gone"), event(4, "pod_new", "api-3"), event(8, "ready", "api-3")];
  assert.equal(recovery({ p99s: [10, 10, 10, 10, 10, 50, 10, 10, 10], events }).recoveredMs, 5500);
});

test("recoveryOf ends when the last old pod of a rolling update is gone", () => {
  const events = [
    event(4, "pod_new", "new-1"),
    event(5, "ready", "new-1"),
    event(6, "pod_gone", "api-1"),
    event(6, "pod_new", "new-2"),
    event(7, "ready", "new-2"),
    event(8, "pod_gone", "api-2"),
  ];
  assert.equal(recovery({ p99s: [10, 10, 10, 10, 10, 10, 10], events }).recoveredMs, 4500);
});

test("recoveryOf counts a replaced pod of the same name once", () => {
  const events = [
    event(4, "not_ready"),
    event(5, "pod_gone"),
    event(5, "pod_new"),
    event(6, "ready"),
    event(6, "not_ready", "redis-1", "redis"),
  ];
  assert.equal(recovery({ p99s: [10, 10, 10, 10, 10], events }).recoveredMs, 2500);
});

test("recoveryOf counts a pod that was not ready before the fault and still is not", () => {
  const before = [event(1, "not_ready"), event(2, "ready")];
  assert.equal(recovery({ p99s: [10, 10, 10], events: before }).recoveredMs, 0);
  const away = recovery({ p99s: [10, 10, 10], events: [event(1, "not_ready")] });
  assert.equal(away.recoveredMs, null);
});

test("recoveryOf is null when a pod is not ready at the end", () => {
  assert.deepEqual(recovery({ p99s: [10, 10, 10], events: [event(4, "not_ready")] }), {
    errorWindow: null,
    failedRequests: 0,
    recoveredMs: null,
    reason: "api had 1 of 2 pods ready at the end",
  });
});

test("recoveryOf is null when p99 stays high", () => {
  const { recoveredMs, reason } = recovery({ p99s: [50, 10, 50, 10, 10, 50] });
  assert.equal(recoveredMs, null);
  assert.equal(reason, "p99 did not stay within 20.0 ms, twice its median of before the fault");
});

test("recoveryOf needs several seconds within the allowed p99, if the run has them", () => {
  assert.equal(recovery({ p99s: [50, 50, 50, 10] }).recoveredMs, null);
  assert.equal(recovery({ p99s: [10] }).recoveredMs, 0);
});

test("recoveryOf is null when there is no second before or after the fault", () => {
  const workloads = [{ name: "api", replicas: 2 }];
  const load = { startedAt, seconds: secondsOf([10, 10]), failedAtMs: [] };
  const early = recoveryOf({ faultAtMs: startedAt + 300, load, events: [], workloads });
  assert.deepEqual(
    [early.recoveredMs, early.reason],
    [null, "no second before the fault has a p99 to compare with"],
  );
  const late = recoveryOf({
    faultAtMs: startedAt + 1500,
    load,
    events: [event(1.8, "not_ready"), event(4, "ready")],
    workloads,
  });
  assert.deepEqual(
    [late.recoveredMs, late.reason],
    [null, "the load ended before all pods were ready again"],
  );
});

test("recoveryOf ignores the warm-up", () => {
  const warmup = [-1, 0].map((second) => ({
    second,
    requestsPerSecond: 1,
    failed: 0,
    p50Ms: 900,
    p99Ms: 900,
  }));
  const load = { startedAt, seconds: [...warmup, ...secondsOf([10, 10, 500, 500])], failedAtMs: [] };
  assert.equal(
    recoveryOf({ faultAtMs: startedAt + 2500, load, events: [], workloads: [] }).recoveredMs,
    null,
  );
});
