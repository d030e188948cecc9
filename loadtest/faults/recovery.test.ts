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

/** Recovery from a fault at 3.5 s, in a load of 30 s, after three seconds with a p99 of 10 ms. */
function recovery(given: {
  p99s?: (number | null)[];
  failedAtMs?: number[];
  failed?: Record<number, number>;
  events?: PodEvent[];
  durationSeconds?: number;
  wasWatched?: boolean;
}) {
  return recoveryOf({
    faultAtMs: startedAt + 3500,
    load: {
      startedAt,
      durationSeconds: given.durationSeconds ?? 30,
      seconds: secondsOf([10, 10, 10, ...(given.p99s ?? [])], given.failed),
      failedAtMs: given.failedAtMs ?? [],
    },
    events: given.events ?? [],
    workloads: [{ name: "api", replicas: 2 }],
    wasWatched: given.wasWatched ?? true,
  });
}

test("recoveryOf is 0 ms when the fault had no effect", () => {
  assert.deepEqual(recovery({ p99s: [11, 12, 9, 10] }), {
    errorWindow: null,
    failedRequests: 0,
    recoveredMs: 0,
    outcome: "recovered",
    reason: "",
    p99CalmMs: 0,
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

test("recoveryOf reports when p99 is calm again, and does not judge by it", () => {
  const later = recovery({ p99s: [10, 90, 20, 21, 15, 20, 12] });
  assert.deepEqual([later.outcome, later.recoveredMs, later.p99CalmMs], ["recovered", 0, 3500]);
  const never = recovery({ p99s: [50, 10, 50, 10, 10, 50] });
  assert.deepEqual([never.outcome, never.recoveredMs, never.p99CalmMs], ["recovered", 0, null]);
  assert.equal(recovery({ p99s: [null, null, 10, 10, 10] }).p99CalmMs, 1500);
});

test("recoveryOf ends when the pods are ready and no request fails, whichever is later", () => {
  const events = [event(4, "not_ready"), event(7.25, "ready")];
  assert.equal(recovery({ events }).recoveredMs, 3750);
  assert.equal(recovery({ events, failedAtMs: [4000, 6000] }).recoveredMs, 3750);
  assert.equal(recovery({ events, failedAtMs: [4000, 9500] }).recoveredMs, 6000);
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
  assert.equal(recovery({ events }).recoveredMs, 4500);
});

test("recoveryOf counts a replaced pod of the same name once", () => {
  const events = [
    event(4, "not_ready"),
    event(5, "pod_gone"),
    event(5, "pod_new"),
    event(6, "ready"),
    event(6, "not_ready", "redis-1", "redis"),
  ];
  assert.equal(recovery({ events }).recoveredMs, 2500);
});

test("recoveryOf counts a pod that was not ready before the fault and still is not", () => {
  const before = [event(1, "not_ready"), event(2, "ready")];
  assert.equal(recovery({ events: before }).recoveredMs, 0);
  assert.equal(recovery({ events: [event(1, "not_ready")] }).recoveredMs, null);
});

test("recoveryOf counts a pod that is ready again only after the end of the load", () => {
  const events = [event(4, "not_ready"), event(40, "ready")];
  assert.deepEqual([recovery({ events }).outcome, recovery({ events }).recoveredMs], ["recovered", 36_500]);
});

test("recoveryOf is not recovered when a pod is not ready at the end of the watch", () => {
  const { recoveredMs, outcome, reason } = recovery({ events: [event(4, "not_ready")] });
  assert.deepEqual(
    [recoveredMs, outcome, reason],
    [null, "not recovered", "api had 1 of 2 pods ready at the end"],
  );
});

test("recoveryOf is unknown when a pod is not ready and the run was interrupted", () => {
  const { outcome, reason } = recovery({ events: [event(4, "not_ready")], wasWatched: false });
  assert.deepEqual([outcome, reason], ["unknown", "api had 1 of 2 pods ready when the run was interrupted"]);
});

test("recoveryOf is not recovered when requests fail until the end, long after the pods were ready", () => {
  const { outcome, reason } = recovery({ failedAtMs: [4000, 29_000] });
  assert.deepEqual([outcome, reason], ["not recovered", "requests still failed at the end of the load"]);
});

test("recoveryOf is unknown when the load was too short", () => {
  const failing = recovery({ failedAtMs: [4000, 9500], durationSeconds: 10 });
  assert.equal(failing.outcome, "unknown");
  assert.match(failing.reason, /requests failed until the load ended.*--duration/);
  const short = recovery({ durationSeconds: 5 });
  assert.equal(short.outcome, "unknown");
  assert.match(short.reason, /the load ended 1\.5 s after the fault; give a longer --duration/);
});

test("recoveryOf ignores the warm-up", () => {
  const warmup = [-1, 0].map((second) => ({
    second,
    requestsPerSecond: 1,
    failed: 0,
    p50Ms: 900,
    p99Ms: 900,
  }));
  const load = {
    startedAt,
    durationSeconds: 30,
    seconds: [...warmup, ...secondsOf([10, 10, 500, 500, 500])],
    failedAtMs: [],
  };
  const run = { faultAtMs: startedAt + 2500, load, events: [], workloads: [], wasWatched: true };
  assert.equal(recoveryOf(run).p99CalmMs, null);
});
