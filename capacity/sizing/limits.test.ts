import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleMetrics } from "../testing/sample-steps.ts";
import { firstLimit } from "./limits.ts";

const busyApi = { role: "api", pods: 2, cores: 1.9, busiestCores: 0.97, limitCores: 1 } as const;

test("firstLimit names the only part that is near its limit, with its value and the fix", () => {
  const { certainty, sentence, uses } = firstLimit([sampleMetrics({ cpu: [busyApi] })]);
  assert.equal(certainty, "clear");
  assert.match(sentence, /^API CPU limits first: the busiest pod used 0\.97 of 1 cores; raise api\.replicas/);
  assert.equal(uses[0]?.name, "API CPU");
});

test("firstLimit takes an API that its CPU limit slows down for one at its limit", () => {
  const cpu = [{ ...busyApi, busiestCores: 0.7 }];
  const { certainty, sentence } = firstLimit([sampleMetrics({ cpu, apiThrottled: 0.8 })]);
  assert.equal(certainty, "clear");
  assert.match(sentence, /slowed down in 80 % of the time/);
});

test("firstLimit does not choose between several parts that are near", () => {
  const node = { name: "node-1", cores: 1.95, ofCores: 2 };
  const { certainty, sentence } = firstLimit([sampleMetrics({ cpu: [busyApi], node })]);
  assert.equal(certainty, "one of several");
  assert.match(sentence, /CPU of the node \(node-1 used 1\.95 of 2 cores\), API CPU/);
});

test("firstLimit says when no observed part is near its limit", () => {
  const { certainty, sentence } = firstLimit([sampleMetrics()]);
  assert.equal(certainty, "not seen");
  assert.match(sentence, /the closest was/);
});

test("firstLimit knows nothing without observations", () => {
  assert.equal(firstLimit([null, null]).certainty, "unknown");
  assert.equal(firstLimit([]).certainty, "unknown");
});

test("firstLimit counts queries that wait for a connection, and not a pool that is only open", () => {
  const open = { used: 8, total: 8, waiting: 0 };
  assert.equal(firstLimit([sampleMetrics({ databasePool: open })]).certainty, "not seen");
  const full = firstLimit([sampleMetrics({ databasePool: { ...open, waiting: 5 } })]);
  assert.match(full.sentence, /^database pool limits first: 8 of 8 connections in use, 5 queries waiting/);
});

test("firstLimit lets one disturbed step decide nothing", () => {
  const disturbed = sampleMetrics({ eventLoopP99Ms: 900 });
  assert.equal(firstLimit([sampleMetrics(), disturbed, sampleMetrics()]).certainty, "not seen");
});
