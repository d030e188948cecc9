import assert from "node:assert/strict";
import { test } from "node:test";
import { OperationRefused } from "../http/operations.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { StatsData } from "../metrics/stats.ts";
import { EndedWorkers } from "./ended-workers.ts";
import type { WorkerOperation } from "./messages.ts";
import { PodOperations, type ServingWorker } from "./pod-operations.ts";

type Replies = Partial<Record<WorkerOperation, (argument?: string) => unknown>>;

function worker(workerIndex: number, replies: Replies, rssBytes = 100): ServingWorker {
  return {
    id: workerIndex,
    workerIndex,
    rssBytes,
    request: async (operation, _timeoutMs, argument) => {
      const reply = replies[operation];
      if (!reply) throw new OperationRefused(503, `worker ${workerIndex} did not answer`);
      return reply(argument);
    },
  };
}

function pod(workers: ServingWorker[]) {
  const ended = new EndedWorkers();
  const operations = new PodOperations({ workers: () => workers, ended, rss: () => 50 });
  return { ended, operations, workers };
}

/** Stats of a worker with this number of requests, and a heap of 7 bytes. */
function statsOf(count: number): StatsData {
  const metrics = new Metrics({ cache: () => ({ hits: count, invalidationsPending: 3 }) });
  const route = metrics.route("GET", "/light");
  for (let request = 0; request < count; request++) route.count(200, 0.001);
  const data = metrics.stats();
  data.process.memory.heapUsed = 7;
  return JSON.parse(JSON.stringify(data));
}

const sampleOf = (text: string, metric: string) =>
  Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${metric} `))
      ?.slice(metric.length),
  );
const lights = 'http_requests_total{method="GET",route="/light",status="200"}';

test("PodOperations sums metrics and stats over the workers", async () => {
  const { operations } = pod([
    worker(1, { metrics: () => statsOf(3), stats: () => statsOf(3) }),
    worker(2, { metrics: () => statsOf(4), stats: () => statsOf(4) }),
  ]);
  const text = await operations.metrics();
  assert.equal(sampleOf(text, lights), 7);
  assert.equal(sampleOf(text, "nodejs_heap_size_used_bytes"), 14);
  const stats = (await operations.stats()) as { workers: number; requests: { count: number } };
  assert.deepEqual([stats.workers, stats.requests.count], [2, 7]);
});

test("PodOperations counts the last known stats when a worker does not answer or has ended", async () => {
  const replies: Replies = { metrics: () => statsOf(4) };
  const { operations, ended, workers } = pod([worker(1, { metrics: () => statsOf(3) }), worker(2, replies)]);
  assert.equal(sampleOf(await operations.metrics(), lights), 7);
  delete replies.metrics;
  assert.equal(sampleOf(await operations.metrics(), lights), 7);
  ended.remember(2, statsOf(6));
  ended.add(2);
  workers.pop();
  const text = await operations.metrics();
  assert.equal(sampleOf(text, lights), 9);
  assert.equal(sampleOf(text, 'cache_reads_total{result="hit"}'), 9);
  // Its gauges are gone.
  assert.equal(sampleOf(text, "nodejs_heap_size_used_bytes"), 7);
  assert.equal(sampleOf(text, "cache_invalidations_pending"), 3);
  assert.equal(sampleOf(text, "api_processes"), 1);
});

test("PodOperations counts a worker that ends during the scrape once, and a worker between states", async () => {
  let endOne: () => void = () => undefined;
  const replies: Replies = { metrics: () => statsOf(3) };
  const { operations, ended, workers } = pod([
    worker(1, replies),
    worker(2, {
      metrics: async () => {
        await new Promise(setImmediate);
        endOne();
        return statsOf(4);
      },
    }),
  ]);
  const counted = async () => sampleOf(await operations.metrics(), lights);
  assert.equal(await counted(), 7);
  // The first worker has replied when it ends, and the second replies afterwards.
  endOne = () => {
    ended.add(1);
    workers.shift();
    // Its last message arrives after its end.
    ended.remember(1, statsOf(5));
  };
  assert.equal(await counted(), 9);
  endOne = () => undefined;
  assert.equal(await counted(), 9);
  // A worker that is killed serves no more, but has not ended yet.
  ended.remember(3, statsOf(2));
  assert.equal(await counted(), 11);
  ended.add(3);
  assert.equal(await counted(), 11);
});

test("PodOperations keeps the counters of many ended workers", async () => {
  const { operations, ended } = pod([worker(1, { metrics: () => statsOf(1) })]);
  for (let id = 2; id < 102; id++) {
    ended.remember(id, statsOf(1));
    ended.add(id);
  }
  assert.equal(sampleOf(await operations.metrics(), lights), 101);
});

test("PodOperations reports the memory of each worker, and an error when a worker does not answer", async () => {
  const { operations } = pod([worker(1, { memory: () => ({ trend: "flat" }) }), worker(2, {}, 200)]);
  assert.deepEqual(await operations.memory(), {
    rssBytes: 350,
    supervisorRssBytes: 50,
    workers: [
      { number: 1, rssBytes: 100, report: { trend: "flat" } },
      { number: 2, rssBytes: 200, error: "worker 2 did not answer" },
    ],
  });
});

test("takeSnapshot uses the given worker, or the largest when none is given", async () => {
  const named = (name: string) => ({ snapshot: () => ({ taken: true, name, bytes: 1, tookMs: 1 }) });
  const { operations } = pod([worker(1, named("one"), 100), worker(2, named("two"), 200)]);
  const nameOf = async (workerIndex?: number) => {
    const result = await operations.takeSnapshot(workerIndex);
    return result.taken && result.name;
  };
  assert.equal(await nameOf(), "two");
  assert.equal(await nameOf(1), "one");
  await assert.rejects(nameOf(3), { statusCode: 404, message: "there is no worker 3, only 1, 2" });
});

test("clearCache clears every worker in turn, even when one fails", async () => {
  const cleared: string[] = [];
  const clear = (name: string, count: number) => ({
    clearCache: (pattern?: string) => {
      cleared.push(`${name} ${pattern}`);
      return count;
    },
  });
  const { operations } = pod([worker(1, clear("one", 5)), worker(2, clear("two", 0))]);
  assert.equal(await operations.clearCache("user:*"), 5);
  assert.deepEqual(cleared, ["one user:*", "two user:*"]);
  const half = pod([worker(1, {}), worker(2, clear("two", 1))]);
  await assert.rejects(half.operations.clearCache("a"), { message: "worker 1 did not answer" });
  assert.equal(cleared.at(-1), "two a", "the others are cleared all the same");
});

test("PodOperations refuses everything when there is no worker", async () => {
  const { operations } = pod([]);
  for (const name of ["metrics", "stats", "memory", "takeSnapshot"] as const)
    await assert.rejects(operations[name](), { statusCode: 503 }, name);
  await assert.rejects(operations.listSnapshots(), { statusCode: 503 });
});
