import assert from "node:assert/strict";
import { test } from "node:test";
import { PodHealth, type WorkerHealth } from "./pod-health.ts";

const ready = { status: 200, body: '{"status":"ready"}' } as const;
const starting = { status: 503, body: '{"status":"not ready","reason":"no database yet"}' } as const;
const ok = { status: 200, body: '{"status":"ok"}' } as const;

function pod(...workers: Partial<WorkerHealth>[]): PodHealth {
  return new PodHealth(() =>
    workers.map((worker, index) => ({
      ...{ number: index + 1, state: "ready", silent: 0, rssBytes: 1, answer: ready, report: ok },
      ...worker,
    })),
  );
}

test("ready when one worker is; else the reason of one that serves", () => {
  assert.deepEqual(pod({ answer: starting }, {}).ready, ready);
  assert.deepEqual(pod({ answer: starting }, { answer: starting }).ready, starting);
  assert.match(pod().ready.body, /no worker is ready/);
});

test("only workers that listen and are heard make the pod ready", () => {
  for (const state of ["starting", "leaving", "killed"] as const)
    assert.equal(pod({ state }).ready.status, 503, state);
  assert.equal(pod({ silent: 6 }).ready.status, 503);
  assert.equal(pod({ silent: 6 }, {}).ready.status, 200);
});

test("live unless every worker that serves is silent", () => {
  assert.equal(pod().live.status, 200);
  assert.equal(pod({ silent: 6 }, { silent: 5 }).live.status, 200);
  assert.equal(pod({ silent: 6 }, { silent: 9, state: "leaving" }).live.status, 503);
  assert.equal(pod({ silent: 6, state: "starting" }).live.status, 200);
});

test("not ready from the moment it leaves, but live", () => {
  const health = pod({});
  health.drain();
  assert.match(health.ready.body, /shutting down/);
  assert.equal(health.live.status, 200);
  assert.equal(JSON.parse(health.report.body).status, "draining");
});

test("the report names each worker, and is degraded while one is not well", () => {
  const all = JSON.parse(pod({}, {}).report.body);
  assert.equal(all.status, "ok");
  assert.deepEqual(all.workers[1], { number: 2, state: "ready", rssBytes: 1, health: { status: "ok" } });
  const some = pod({}, { state: "starting", answer: undefined, report: undefined }).report;
  assert.equal(some.status, 200);
  assert.equal(JSON.parse(some.body).status, "degraded");
  assert.equal(JSON.parse(pod({ answer: starting }).report.body).status, "starting");
});
