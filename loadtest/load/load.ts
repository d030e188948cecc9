import { Worker } from "node:worker_threads";
import { LatencyHistogram } from "../../measure/latency.ts";
import type { LoadResult, SecondOfLoad } from "../report/schema/scenario.ts";
import { addErrors, type LoadOptions } from "./load-result.ts";

/** The messages of a worker thread: ready to start, one second of load, the end. */
export type LoadMessage =
  | { type: "ready" }
  | { type: "second"; warmup: boolean; stats: SecondOfLoad }
  | { type: "done"; result: Omit<LoadResult, "latency">; histogram: string };

type Done = Extract<LoadMessage, { type: "done" }>;
type Second = Extract<LoadMessage, { type: "second" }>;

/**
 * Runs one scenario in worker threads. Aborting the signal ends it early; the result covers the time until then.
 *
 * @throws {Error} when a worker thread ends without a result.
 */
export async function runLoad(
  options: LoadOptions,
  hooks: { onSecond?: (stats: SecondOfLoad, warmup: boolean) => void; signal?: AbortSignal } = {},
): Promise<LoadResult> {
  const threads = Math.min(options.threads ?? 1, options.connections);
  const rows: Second[][] = [];
  const start = barrier(threads);
  const parts = await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      let seconds = 0;
      return runThread(shareOf(options, thread, threads), start, hooks.signal, (second) => {
        const row = rows[seconds] ?? [];
        rows[seconds++] = row;
        row.push(second);
        if (row.length < threads) return;
        const [stats] = mergeSeconds([row.map((each) => each.stats)]);
        if (stats) hooks.onSecond?.(stats, second.warmup);
      });
    }),
  );
  return merge(options, parts);
}

/** The options of one thread. The seeds differ, so that threads do not request the same keys at the same time. */
function shareOf(options: LoadOptions, thread: number, threads: number): LoadOptions {
  const { connections, rate, seed } = options;
  return {
    ...options,
    seed: seed + thread,
    connections: Math.floor(connections / threads) + (thread < connections % threads ? 1 : 0),
    rate: rate === undefined ? undefined : rate / threads,
  };
}

/** A barrier: resolves for all callers after `count` calls. */
function barrier(count: number): () => Promise<void> {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let missing = count;
  return () => {
    if (--missing === 0) open();
    return opened;
  };
}

function runThread(
  options: LoadOptions,
  start: () => Promise<void>,
  signal: AbortSignal | undefined,
  onSecond: (second: Second) => void,
): Promise<Done> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./load-worker.mjs", import.meta.url), { workerData: options });
    const stop = () => worker.postMessage("stop");
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    let outcome: Done | undefined;
    worker.on("message", (message: LoadMessage) => {
      if (message.type === "ready") void start().then(() => worker.postMessage("start"));
      else if (message.type === "second") onSecond(message);
      else outcome = message;
    });
    worker.once("error", reject);
    worker.once("exit", (code) => {
      signal?.removeEventListener("abort", stop);
      if (outcome) resolve(outcome);
      else reject(new Error(`the load generator ended with code ${code} and without a result`));
    });
  });
}

function merge(options: LoadOptions, parts: readonly Done[]): LoadResult {
  const results = parts.map((part) => part.result);
  const [first] = results;
  if (!first) throw new Error("a load needs at least one thread");
  const latency = LatencyHistogram.empty();
  for (const part of parts) latency.merge(LatencyHistogram.decode(part.histogram));
  const sum = (value: (result: (typeof results)[number]) => number) =>
    results.reduce((all, result) => all + value(result), 0);
  const worst = (value: (result: (typeof results)[number]) => number) => Math.max(...results.map(value));
  return {
    ...first,
    connections: options.connections,
    offeredPerSecond: options.rate ?? null,
    durationSeconds: worst((result) => result.durationSeconds),
    sent: sum((result) => result.sent),
    completed: sum((result) => result.completed),
    failed: sum((result) => result.failed),
    errors: addErrors(results.map((result) => result.errors)),
    failedAtSeconds: results.flatMap((result) => result.failedAtSeconds).sort((a, b) => a - b),
    resent: sum((result) => result.resent),
    notSent: sum((result) => result.notSent),
    requestsPerSecond: sum((result) => result.requestsPerSecond),
    latency: latency.summary(),
    seconds: mergeSeconds(
      first.seconds.map((_, index) => results.flatMap((result) => result.seconds[index] ?? [])),
    ),
    generator: {
      threads: results.length,
      utilization: worst((result) => result.generator.utilization),
      lagP99Ms: worst((result) => result.generator.lagP99Ms),
      lateP99Ms:
        first.generator.lateP99Ms === null ? null : worst((result) => result.generator.lateP99Ms ?? 0),
      backlog: sum((result) => result.generator.backlog),
    },
    interrupted: results.some((result) => result.interrupted),
  };
}

/**
 * Merges the same second of all threads. Exact percentiles cannot be computed from the threads' percentiles. For plots,
 * the mean of the medians and the highest 99th percentile are close enough.
 */
function mergeSeconds(rows: readonly SecondOfLoad[][]): SecondOfLoad[] {
  return rows.flatMap((row) => {
    const [first] = row;
    if (!first || row.length === 1) return row;
    const medians = row.flatMap((second) => second.p50Ms ?? []);
    const worst = row.flatMap((second) => second.p99Ms ?? []);
    return [
      {
        second: first.second,
        requestsPerSecond: row.reduce((all, second) => all + second.requestsPerSecond, 0),
        failed: row.reduce((all, second) => all + second.failed, 0),
        p50Ms: medians.length === 0 ? null : medians.reduce((all, ms) => all + ms, 0) / medians.length,
        p99Ms: worst.length === 0 ? null : Math.max(...worst),
      },
    ];
  });
}
