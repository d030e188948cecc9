import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMetrics } from "./prometheus-text.ts";
import { addCpu, type StackCounters, statsBetween } from "./stack-counters.ts";

const text = (hits: number, misses: number, shed: number) => `# HELP cache_reads_total Reads
# TYPE cache_reads_total counter
cache_reads_total{result="hit"} ${hits}
cache_reads_total{result="miss"} ${misses}
http_requests_total{method="GET",route="/a\\"b",status="200"} 9
http_requests_total{method="GET",route="/x",status="503"} ${shed}
nodejs_eventloop_lag_p99_seconds 0.0${hits}
other_total 5
`;
const names = new Set([
  "cache_reads_total",
  "cache_origin_reads_total",
  "http_requests_total",
  "nodejs_eventloop_lag_p99_seconds",
]);
const counters = (
  pods: Record<string, string>,
  cpu: Record<string, { periods: number; throttled: number }> = {},
): StackCounters => ({
  api: new Map(Object.entries(pods).map(([pod, body]) => [pod, parseMetrics(body, names)])),
  cpu: new Map(Object.entries(cpu)),
});

test("parseMetrics reads names, labels with escapes and values, and skips other metrics", () => {
  const samples = parseMetrics(text(1, 2, 3), names);
  assert.equal(samples.length, 5);
  assert.deepEqual(samples[2], {
    name: "http_requests_total",
    labels: { method: "GET", route: '/a"b', status: "200" },
    value: 9,
  });
});

test("statsBetween counts changes in pods that ran at both moments", () => {
  const before = counters({ a: text(10, 5, 0), gone: text(1, 1, 1) }, { a: { periods: 10, throttled: 0 } });
  const after = counters({ a: text(40, 15, 2), fresh: text(9, 9, 9) }, { a: { periods: 60, throttled: 5 } });
  assert.deepEqual(statsBetween(before, after), {
    cacheHitRate: 0.75,
    originReads: 10,
    shed: 2,
    eventLoopP99Ms: 40,
    cpuSeconds: 0,
    throttled: [{ pod: "a", share: 0.1 }],
  });
});

test("statsBetween counts stale responses as no hits, and shared database reads once", () => {
  const shared = (hits: number, stale: number, origin: number) =>
    `${text(hits, 10, 0)}cache_reads_total{result="stale"} ${stale}\ncache_origin_reads_total ${origin}\n`;
  const stats = statsBetween(counters({ a: shared(0, 0, 5) }), counters({ a: shared(30, 10, 7) }));
  assert.deepEqual([stats.cacheHitRate, stats.originReads], [0.75, 2]);
});

test("statsBetween ignores a counter that fell because of a restart", () => {
  const before = counters({ a: text(10, 5, 0), b: text(50, 5, 0) });
  const stats = statsBetween(before, counters({ a: text(20, 5, 0), b: text(2, 1, 0) }));
  assert.equal(stats.cacheHitRate, 1);
});

test("statsBetween counts a stale response as a database read when there is no counter of them", () => {
  const stale = (count: number) => `${text(10, 5, 0)}cache_reads_total{result="stale"} ${count}\n`;
  const stats = statsBetween(counters({ a: stale(0) }), counters({ a: stale(30) }));
  assert.deepEqual([stats.cacheHitRate, stats.originReads], [0, 30]);
});

test("statsBetween is null when no pod has metrics", () => {
  const { originReads, shed, cacheHitRate, eventLoopP99Ms } = statsBetween(counters({}), counters({}));
  assert.deepEqual([originReads, shed, cacheHitRate, eventLoopP99Ms], [null, null, null, null]);
});

test("addCpu counts each pod once: by its containers, else by the pod's line", () => {
  const line = (kind: string, pod: string, container: string, value: number) =>
    `container_cpu_cfs_${kind}_total{container="${container}",namespace="ns",pod="${pod}"} ${value} 1795618379137`;
  const kubelet = [
    line("periods", "a", "", 90),
    line("throttled_periods", "a", "", 9),
    line("periods", "b", "", 50),
    line("periods", "b", "api", 40),
    line("throttled_periods", "b", "api", 4),
    line("periods", "b", "", 50).replace('"ns"', '"other"'),
  ].join("\n");
  const cpu = new Set(["container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total"]);
  const found = counters({});
  addCpu(found, parseMetrics(kubelet, cpu), "ns");
  assert.deepEqual(Object.fromEntries(found.cpu), {
    a: { periods: 90, throttled: 9 },
    b: { periods: 40, throttled: 4 },
  });
});
