import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodEvent } from "../observe/pod-history.ts";
import type { SecondOfLoad } from "../report/schema/scenario.ts";
import { recoveryOf } from "./recovery.ts";

const startedAt = 1_800_000_000_000;

/** One p99 per second from 1 on; null where nothing was answered. */
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

/** Struck at 3.5 s, after three seconds of 10 ms. */
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

test("a fault that nothing noticed is recovered from at once", () => {
  assert.deepEqual(recovery({ p99s: [11, 12, 9] }), {
    errorWindow: null,
    failedRequests: 0,
    recoveredMs: 0,
    reason: "",
  });
});

test("the error window goes from the first to the last failed request after the fault", () => {
  const { errorWindow, failedRequests } = recovery({
    p99s: [10, 10, 10],
    failedAtMs: [5700, 100, 3600, 4000],
    failed: { 1: 1, 4: 2, 6: 1 },
  });
  assert.deepEqual([errorWindow, failedRequests], [{ fromMs: 100, toMs: 2200 }, 3]);
});

test("failed requests whose time was not kept are counted by their seconds", () => {
  const { errorWindow, failedRequests } = recovery({
    p99s: [10, 10, 10, 10],
    failedAtMs: [3600, 3700],
    failed: { 4: 10, 5: 20, 6: 1 },
  });
  assert.deepEqual([errorWindow, failedRequests], [{ fromMs: 100, toMs: 2500 }, 31]);
});

test("times that were used up before the fault leave its seconds to tell", () => {
  const { errorWindow, failedRequests } = recovery({
    p99s: [10, 10, 10],
    failedAtMs: [500],
    failed: { 1: 1, 2: 5, 5: 3 },
  });
  assert.deepEqual([errorWindow, failedRequests], [{ fromMs: 500, toMs: 1500 }, 3]);
});

test("p99 is back with the second within twice the median of before, when it stays there", () => {
  assert.equal(recovery({ p99s: [10, 90, 20, 21, 15, 20, 12] }).recoveredMs, 3500);
});

test("a second without any answer is not calm", () => {
  assert.equal(recovery({ p99s: [null, null, 10, 10, 10] }).recoveredMs, 1500);
});

test("pods that come back later than p99 decide", () => {
  const events = [event(4, "not_ready"), event(7.25, "ready")];
  assert.equal(recovery({ p99s: [30, 10, 10, 10, 10, 10] }).recoveredMs, 500);
  assert.equal(recovery({ p99s: [30, 10, 10, 10, 10, 10], events }).recoveredMs, 3750);
});

test("p99 is looked at from when the pods are back: it may rise again until then", () => {
  const events = [event(4, "pod_gone"), event(4, "pod_new", "api-3"), event(8, "ready", "api-3")];
  assert.equal(recovery({ p99s: [10, 10, 10, 10, 10, 50, 10, 10, 10], events }).recoveredMs, 5500);
});

test("a rolling update is over when its last old pod is gone, though there were always enough", () => {
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

test("a pod of the same name takes the place of one that was away already", () => {
  const events = [
    event(4, "not_ready"),
    event(5, "pod_gone"),
    event(5, "pod_new"),
    event(6, "ready"),
    event(6, "not_ready", "redis-1", "redis"),
  ];
  assert.equal(recovery({ p99s: [10, 10, 10, 10, 10], events }).recoveredMs, 2500);
});

test("what was before the fault does not count, but a pod away since then does", () => {
  const before = [event(1, "not_ready"), event(2, "ready")];
  assert.equal(recovery({ p99s: [10, 10, 10], events: before }).recoveredMs, 0);
  const away = recovery({ p99s: [10, 10, 10], events: [event(1, "not_ready")] });
  assert.equal(away.recoveredMs, null);
});

test("not recovered: a pod stays away", () => {
  assert.deepEqual(recovery({ p99s: [10, 10, 10], events: [event(4, "not_ready")] }), {
    errorWindow: null,
    failedRequests: 0,
    recoveredMs: null,
    reason: "api had 1 of 2 pods ready at the end",
  });
});

test("not recovered: p99 stays high", () => {
  const { recoveredMs, reason } = recovery({ p99s: [50, 10, 50, 10, 10, 50] });
  assert.equal(recoveredMs, null);
  assert.equal(reason, "p99 did not stay within 20.0 ms, twice its median of before the fault");
});

test("a calm second at the very end is too little, unless the run has no more", () => {
  assert.equal(recovery({ p99s: [50, 50, 50, 10] }).recoveredMs, null);
  assert.equal(recovery({ p99s: [10] }).recoveredMs, 0);
});

test("not recovered: nothing to compare with, before or after", () => {
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

test("seconds of the warm-up are no measure", () => {
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
