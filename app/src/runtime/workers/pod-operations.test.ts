import assert from "node:assert/strict";
import { test } from "node:test";
import { OperationRefused } from "../http/operations.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { StatsPart } from "../metrics/stats.ts";
import { GoneWorkers } from "./ended-workers.ts";
import { type AskedWorker, ClusterOperations } from "./pod-operations.ts";

type Answers = Partial<Record<Parameters<AskedWorker["ask"]>[0], (argument?: string) => unknown>>;

function worker(number: number, answers: Answers, rssBytes = 100): AskedWorker {
  return {
    ...{ id: number, number, rssBytes },
    ask: async (question, _timeoutMs, argument) => {
      const answer = answers[question];
      if (!answer) throw new OperationRefused(503, `worker ${number} did not answer`);
      return answer(argument);
    },
  };
}

function pod(workers: AskedWorker[]) {
  const gone = new GoneWorkers();
  const operations = new ClusterOperations({ workers: () => workers, gone, rss: () => 50 });
  return { gone, operations, workers };
}

/** Figures of a worker that answered so many requests, and holds a heap of 7 bytes. */
function figures(count: number): StatsPart {
  const metrics = new Metrics({ cache: () => ({ hits: count, invalidationsPending: 3 }) });
  const route = metrics.route("GET", "/light");
  for (let each = 0; each < count; each++) route.count(200, 0.001);
  const part = metrics.stats();
  part.process.memory.heapUsed = 7;
  return JSON.parse(JSON.stringify(part));
}

const sampleOf = (text: string, metric: string) =>
  Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${metric} `))
      ?.slice(metric.length),
  );
const lights = 'http_requests_total{method="GET",route="/light",status="200"}';

test("metrics and statistics are sums over the workers", async () => {
  const { operations } = pod([
    worker(1, { metrics: () => figures(3), stats: () => figures(3) }),
    worker(2, { metrics: () => figures(4), stats: () => figures(4) }),
  ]);
  const text = await operations.metrics();
  assert.equal(sampleOf(text, lights), 7);
  assert.equal(sampleOf(text, "nodejs_heap_size_used_bytes"), 14);
  const stats = (await operations.stats()) as { workers: number; requests: { count: number } };
  assert.deepEqual([stats.workers, stats.requests.count], [2, 7]);
});

test("counters never run backwards: who does not answer, or ended, counts with what it told last", async () => {
  const answers: Answers = { metrics: () => figures(4) };
  const { operations, gone, workers } = pod([worker(1, { metrics: () => figures(3) }), worker(2, answers)]);
  assert.equal(sampleOf(await operations.metrics(), lights), 7);
  delete answers.metrics;
  assert.equal(sampleOf(await operations.metrics(), lights), 7);
  gone.remember(2, figures(6));
  gone.add(2);
  workers.pop();
  const text = await operations.metrics();
  assert.equal(sampleOf(text, lights), 9);
  assert.equal(sampleOf(text, 'cache_reads_total{result="hit"}'), 9);
  // What is of the moment went with it.
  assert.equal(sampleOf(text, "nodejs_heap_size_used_bytes"), 7);
  assert.equal(sampleOf(text, "cache_invalidations_pending"), 3);
  assert.equal(sampleOf(text, "api_processes"), 1);
});

test("memory is reported worker by worker, with the sum; one that does not answer by what is known", async () => {
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

test("a snapshot is of the named worker, or of the largest", async () => {
  const named = (name: string) => ({ snapshot: () => ({ taken: true, name, bytes: 1, tookMs: 1 }) });
  const { operations } = pod([worker(1, named("one"), 100), worker(2, named("two"), 200)]);
  const nameOf = async (number?: number) => {
    const answer = await operations.takeSnapshot(number);
    return answer.taken && answer.name;
  };
  assert.equal(await nameOf(), "two");
  assert.equal(await nameOf(1), "one");
  await assert.rejects(nameOf(3), { statusCode: 404, message: "there is no worker 3, only 1, 2" });
});

test("clearing asks every worker in turn, for each has a cache of its own", async () => {
  const asked: string[] = [];
  const clear = (name: string, count: number) => ({
    clearCache: (pattern?: string) => {
      asked.push(`${name} ${pattern}`);
      return count;
    },
  });
  const { operations } = pod([worker(1, clear("one", 5)), worker(2, clear("two", 0))]);
  assert.equal(await operations.clearCache("user:*"), 5);
  assert.deepEqual(asked, ["one user:*", "two user:*"]);
  const half = pod([worker(1, {}), worker(2, clear("two", 1))]);
  await assert.rejects(half.operations.clearCache("a"), { message: "worker 1 did not answer" });
  assert.equal(asked.at(-1), "two a", "the others are asked all the same");
});

test("with no worker everything is refused", async () => {
  const { operations } = pod([]);
  for (const ask of ["metrics", "stats", "memory", "takeSnapshot"] as const)
    await assert.rejects(operations[ask](), { statusCode: 503 }, ask);
  await assert.rejects(operations.listSnapshots(), { statusCode: 503 });
});
