import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics, mergeMetrics } from "./metrics.ts";

const metrics = new Metrics({
  cache: () => ({ hits: 5, misses: 2, bypass: 1, invalidationsPending: 0 }),
  database: () => ({ total: 3, idle: 2, waiting: 0 }),
});

test("Metrics uses the names that the load test reads", async () => {
  metrics.route("GET", '/odd"\\route').count(200, 0.004);
  const text = await metrics.render();
  const lines = text.split("\n");
  for (const line of [
    'http_requests_total{method="GET",route="/odd\\"\\\\route",status="200"} 1',
    'http_request_duration_seconds_bucket{method="GET",route="/odd\\"\\\\route",le="0.0025"} 0',
    'http_request_duration_seconds_bucket{method="GET",route="/odd\\"\\\\route",le="0.005"} 1',
    'http_request_duration_seconds_bucket{method="GET",route="/odd\\"\\\\route",le="+Inf"} 1',
    'cache_reads_total{result="hit"} 5',
    "cache_invalidations_pending 0",
    'database_connections{state="idle"} 2',
  ])
    assert.ok(lines.includes(line), `${line} is not in\n${text}`);
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds [\d.e-]+$/m);
  assert.match(text, /^process_cpu_user_seconds_total [\d.e-]+$/m);
  assert.ok(!text.includes("heavy_tasks_queued"), "an absent part has no metrics");
});

test("Metrics has the names that dashboards for Node.js look for", async () => {
  const text = await metrics.render();
  for (const line of [
    /^nodejs_eventloop_lag_seconds [\d.e-]+$/m,
    /^nodejs_version_info\{version="v\d+\.\d+\.\d+",major="\d+",minor="\d+",patch="\d+"\} 1$/m,
    /^nodejs_active_handles\{type="\w+"\} [1-9]\d*$/m,
    /^nodejs_active_handles_total [1-9]\d*$/m,
    /^nodejs_heap_space_size_used_bytes\{space="old"\} [1-9]\d*$/m,
    /^nodejs_heap_space_size_total_bytes\{space="new"\} [1-9]\d*$/m,
    /^nodejs_heap_space_size_available_bytes\{space="new"\} \d+$/m,
    /^process_max_fds [1-9]\d*$/m,
  ])
    assert.match(text, line);
});

test("mergeMetrics sums handles, heap spaces and file limits of several processes", () => {
  const data = metrics.data();
  const once = mergeMetrics([data]);
  const twice = mergeMetrics([data, data]);
  for (const name of [
    "nodejs_active_handles_total",
    'nodejs_heap_space_size_used_bytes{space="old"}',
    "process_max_fds",
  ]) {
    const valueIn = (text: string) =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${name} `))
          ?.split(" ")[1],
      );
    assert.equal(valueIn(twice), 2 * valueIn(once), name);
  }
});

test("Metrics renders valid exposition format, and describes every metric once", async () => {
  const text = await metrics.render();
  const sample =
    /^[a-z_:][a-z0-9_:]*(\{[a-z]+="(\\.|[^"\\\n])*"(,[a-z]+="(\\.|[^"\\\n])*")*\})? -?[\d.e+-]+$/i;
  const described = new Set<string>();
  for (const line of text.split("\n").filter(Boolean)) {
    const [, name] = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line) ?? [];
    if (name) {
      assert.ok(!described.has(name), `${name} is described twice`);
      described.add(name);
    } else if (!line.startsWith("# HELP ")) assert.match(line, sample);
  }
});

test("mergeMetrics sums the metrics of several processes", () => {
  const text = mergeMetrics([metrics.data(), metrics.data()]);
  assert.match(text, /^api_processes 2$/m);
  assert.match(text, /^cache_reads_total\{result="hit"\} 10$/m);
});

test("Metrics.stats does not reset the event loop's stats", async () => {
  metrics.data();
  // Node.js records the time between two samples of the event loop, so the first sample only starts it.
  await new Promise((resolve) => setTimeout(resolve, 30));
  const until = performance.now() + 60;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const before = metrics.stats().process.eventLoop.maxMs;
  assert.ok(before > 20, `${before} ms`);
  assert.ok(metrics.data().process.eventLoop.maxMs >= before);
  assert.ok(metrics.data().process.eventLoop.maxMs < before);
});
