import assert from "node:assert/strict";
import { test } from "node:test";
import { apiSampleOf } from "../run/stack-watch.ts";
import { coresIn, idleApiPods, type StackSample, stepMetrics } from "./samples.ts";

const window = { fromMs: 10_000, toMs: 22_000 };
const reading = (takenMs: number, seconds: number, name = "api-1") => ({ name, takenMs, seconds });

test("coresIn divides the CPU time by the time of the load that two readings share", () => {
  assert.equal(coresIn([reading(10_000, 5), reading(22_000, 11)], window), 0.5);
  assert.equal(coresIn([reading(8000, 5), reading(22_000, 11)], window), 0.5);
});

test("coresIn prefers readings within the load, and gives nothing for readings beside it", () => {
  const all = [reading(0, 0), reading(10_500, 1), reading(20_500, 9), reading(30_500, 9.5)];
  assert.equal(coresIn(all, window), 0.8);
  assert.equal(coresIn([reading(0, 0), reading(9000, 1)], window), undefined);
  assert.equal(coresIn([reading(12_000, 1), reading(12_000, 1)], window), undefined);
});

test("coresIn uses a reading of before the load, and shares the time with the step before", () => {
  const readings = [reading(3000, 0), reading(18_000, 5)];
  assert.equal(coresIn(readings, window), 0.625);
  assert.equal(coresIn(readings, window, [{ fromMs: 0, toMs: 5000 }]), 0.5);
  assert.equal(coresIn(readings, { fromMs: 14_000, toMs: 26_000 }), undefined);
});

const sample = (atMs: number, busy: number, requests: readonly number[]): StackSample => ({
  atMs,
  pods: [
    { ...reading(atMs, (busy * atMs) / 1000), role: "api" },
    { ...reading(atMs, (0.2 * atMs) / 1000, "api-2"), role: "api" },
    { ...reading(atMs, (0.1 * atMs) / 1000, "nginx-1"), role: "nginx" },
  ],
  nodes: [reading(atMs, (1.5 * atMs) / 1000, "node-1")],
  api: requests.map((count, index) => ({
    pod: `api-${index + 1}`,
    requests: count,
    eventLoopP99Ms: 20 + index,
    databasePool: { used: 2 + index, total: 8, waiting: index },
  })),
});
const samples = [sample(10_000, 0.9, [0, 7]), sample(16_000, 0.9, [50, 7]), sample(22_000, 0.9, [90, 7])];

test("stepMetrics has the CPU time by role, the busiest node and the pool with the most waiting queries", () => {
  const limits = {
    cpuLimits: new Map([["api", 1]] as const),
    nodeCores: new Map([["node-1", 2]]),
  };
  const fromReport = { apiThrottled: 0.1, eventLoopP99Ms: 99, shed: 3, apiCpuSeconds: 600, apiPods: 2 };
  const metrics = stepMetrics(samples, window, limits, fromReport);
  const [api, nginx] = metrics.cpu;
  assert.deepEqual([api?.role, api?.pods, api?.limitCores], ["api", 2, 1]);
  assert.equal(api?.cores.toFixed(3), "1.100");
  assert.equal(api?.busiestCores.toFixed(3), "0.900");
  assert.deepEqual([nginx?.role, nginx?.limitCores], ["nginx", null]);
  assert.equal(metrics.node?.cores.toFixed(3), "1.500");
  assert.deepEqual(metrics.databasePool, { used: 3, total: 8, waiting: 1 });
  assert.deepEqual([metrics.eventLoopP99Ms, metrics.apiThrottled, metrics.shed], [20.5, 0.1, 3]);
});

test("stepMetrics of a stack that could not be read has only what the load test measured", () => {
  const limits = { cpuLimits: new Map(), nodeCores: new Map() };
  const known = { apiThrottled: null, eventLoopP99Ms: 9, shed: null };
  const nothing = { node: null, databasePool: null, ...known };
  const without = stepMetrics([], window, limits, { ...known, apiCpuSeconds: null, apiPods: 2 });
  assert.deepEqual(without, { cpu: [], ...nothing });
  const api = { role: "api", pods: 2, cores: 1.5, busiestCores: 0.75, limitCores: null };
  const own = stepMetrics([], window, limits, { ...known, apiCpuSeconds: 18, apiPods: 2 });
  assert.deepEqual(own, { cpu: [api], ...nothing });
});

test("idleApiPods names pods without a request, and none whose program does not count", () => {
  assert.deepEqual(idleApiPods(samples), ["api-2"]);
  const silent = samples.map((each) => ({
    ...each,
    api: each.api.map((api) => ({ ...api, requests: null })),
  }));
  assert.deepEqual(idleApiPods(silent), []);
});

test("apiSampleOf reads requests, event loop and pool, and leaves out what a program does not have", () => {
  const metric = (name: string, value: number, labels = {}) => ({ name, value, labels });
  const found = apiSampleOf("api-1", [
    metric("http_requests_total", 5, { status: "200" }),
    metric("http_requests_total", 2, { status: "503" }),
    metric("nodejs_eventloop_lag_p99_seconds", 0.02),
    metric("database_connections", 8, { state: "total" }),
    metric("database_connections", 1, { state: "idle" }),
    metric("database_connections", 4, { state: "waiting" }),
  ]);
  const databasePool = { used: 7, total: 8, waiting: 4 };
  assert.deepEqual(found, { pod: "api-1", requests: 7, eventLoopP99Ms: 20, databasePool });
  const nothing = { pod: "api-1", requests: null, eventLoopP99Ms: null, databasePool: null };
  assert.deepEqual(apiSampleOf("api-1", []), nothing);
});
