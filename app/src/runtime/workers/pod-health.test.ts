import assert from "node:assert/strict";
import { test } from "node:test";
import { PodHealth, type WorkerHealth } from "./pod-health.ts";

const ready = { status: 200, body: '{"status":"ready"}' } as const;
const starting = { status: 503, body: '{"status":"not ready","reason":"no database yet"}' } as const;
const ok = { status: 200, body: '{"status":"ok"}' } as const;

function pod(...workers: Partial<WorkerHealth>[]): PodHealth {
  return new PodHealth(() =>
    workers.map((worker, index) => ({
      workerIndex: index + 1,
      state: "ready",
      missedHeartbeats: 0,
      rssBytes: 1,
      ready,
      report: ok,
      ...worker,
    })),
  );
}

test("PodHealth is ready when one worker is, else gives the reason of a serving worker", () => {
  assert.deepEqual(pod({ ready: starting }, {}).ready, ready);
  assert.deepEqual(pod({ ready: starting }, { ready: starting }).ready, starting);
  assert.match(pod().ready.body, /no worker is ready/);
});

test("PodHealth is ready only when a listening worker sends heartbeats", () => {
  for (const state of ["starting", "leaving", "killed"] as const)
    assert.equal(pod({ state }).ready.status, 503, state);
  assert.equal(pod({ missedHeartbeats: 6 }).ready.status, 503);
  assert.equal(pod({ missedHeartbeats: 6 }, {}).ready.status, 200);
});

test("PodHealth is live unless every serving worker misses heartbeats", () => {
  assert.equal(pod().live.status, 200);
  assert.equal(pod({ missedHeartbeats: 6 }, { missedHeartbeats: 5 }).live.status, 200);
  assert.equal(pod({ missedHeartbeats: 6 }, { missedHeartbeats: 9, state: "leaving" }).live.status, 503);
  assert.equal(pod({ missedHeartbeats: 6, state: "starting" }).live.status, 200);
});

test("PodHealth is live but not ready when the pod drains", () => {
  const health = pod({});
  health.drain();
  assert.match(health.ready.body, /shutting down/);
  assert.equal(health.live.status, 200);
  assert.equal(JSON.parse(health.report.body).status, "draining");
});

test("PodHealth reports each worker, and is degraded when one is not ok", () => {
  const all = JSON.parse(pod({}, {}).report.body);
  assert.equal(all.status, "ok");
  assert.deepEqual(all.workers[1], { number: 2, state: "ready", rssBytes: 1, health: { status: "ok" } });
  const some = pod({}, { state: "starting", ready: undefined, report: undefined }).report;
  assert.equal(some.status, 200);
  assert.equal(JSON.parse(some.body).status, "degraded");
  assert.equal(JSON.parse(pod({ ready: starting }).report.body).status, "starting");
});
