import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessData } from "./process-stats.ts";
import { RouteStats } from "./route-stats.ts";
import { collectStats, mergeStats, type SourceStats } from "./stats.ts";

const nowMs = 30_000_000 * 60_000;

function processOf(stats: { startedAtSeconds?: number; p99Ms?: number; minor?: number }): ProcessData {
  const { startedAtSeconds = nowMs / 1000 - 120, p99Ms = 1, minor = 1 } = stats;
  return {
    startedAtSeconds,
    cpu: { userSeconds: 2, systemSeconds: 1 },
    memory: { rss: 10, heapTotal: 5, heapUsed: 4, external: 2, arrayBuffers: 1 },
    eventLoop: {
      meanMs: 0,
      p50Ms: 0,
      p95Ms: 0,
      p99Ms,
      maxMs: p99Ms,
      utilization: 0.5,
      activeSeconds: 1,
      idleSeconds: 1,
    },
    gc: { minor: { count: minor, seconds: 0.1 } },
    openFiles: 3,
    maxFiles: 1000,
    activeHandles: {},
    heapSpaces: {},
  };
}

/** The stats that a process sends, after a round trip through JSON. */
function partOf(routes: RouteStats[], process: ProcessData, parts: Record<string, SourceStats> = {}) {
  const sources = Object.fromEntries(Object.entries(parts).map(([name, stats]) => [name, () => stats]));
  return JSON.parse(
    JSON.stringify(collectStats({ routes, process: { collect: () => process }, parts: sources })),
  );
}

function routeStats(
  route: string,
  responses: [status: number, seconds: number, times: number][],
): RouteStats {
  const routeStats = new RouteStats("GET", route);
  for (const [status, seconds, times] of responses)
    for (let n = 0; n < times; n++) routeStats.count(status, seconds, nowMs);
  return routeStats;
}

test("mergeStats sums the requests of all workers by route, with errors and percentiles", () => {
  const one = partOf([routeStats("/a", [[200, 0.01, 97]]), routeStats("/b", [])], processOf({}));
  const two = partOf(
    [
      routeStats("/a", [
        [200, 0.01, 1],
        [404, 0.5, 1],
        [500, 1, 1],
      ]),
      routeStats("/b", [[200, 2, 200]]),
    ],
    processOf({}),
  );
  const stats = mergeStats([one, two], nowMs);
  assert.equal(stats.workers, 2);
  assert.equal(stats.uptimeSeconds, 120);
  const [b, a] = stats.routes;
  assert.deepEqual([b?.route, b?.count, b?.errors], ["/b", 200, 0]);
  assert.deepEqual([a?.count, a?.errors, a?.clientErrors], [100, 1, 1]);
  assert.deepEqual(a?.byStatus, { 200: 98, 404: 1, 500: 1 });
  assert.ok(Math.abs((a?.meanMs ?? 0) - 24.8) < 1e-6);
  assert.ok(Math.abs((a?.p95Ms ?? 0) - 10) < 0.1);
  assert.ok(Math.abs((a?.p99Ms ?? 0) - 500) < 5);
  assert.equal(a?.perMinute.at(-1), 100);
  assert.equal(a?.requestsPerMinute, 50);
  assert.equal(stats.requests.count, 300);
});

test("mergeStats has no routes and no percentiles before the first request", () => {
  const { requests, routes } = mergeStats([partOf([routeStats("/a", [])], processOf({}))], nowMs);
  assert.deepEqual(routes, []);
  assert.deepEqual(
    [requests.count, requests.meanMs, requests.p99Ms, requests.requestsPerMinute],
    [0, null, null, 0],
  );
});

test("mergeStats sums the stats of parts, and takes the maximum of levels", () => {
  const one = partOf([], processOf({ p99Ms: 5, minor: 2 }), {
    cache: { hits: 3 },
    shedding: { eventLoopDelayMs: 7 },
  });
  const two = partOf([], processOf({ p99Ms: 9, minor: 3 }), {
    cache: { hits: 4, stale: 1 },
    shedding: { eventLoopDelayMs: 2 },
  });
  const { parts, process } = mergeStats([one, two], nowMs);
  assert.deepEqual(parts, { cache: { hits: 7, stale: 1 }, shedding: { eventLoopDelayMs: 7 } });
  assert.equal(process.eventLoop.p99Ms, 9);
  assert.deepEqual(process.gc.minor, { count: 5, seconds: 0.2 });
  assert.equal(process.memory.rss, 20);
});
