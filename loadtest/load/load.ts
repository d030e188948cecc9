import { Worker } from "node:worker_threads";
import { LatencyHistogram } from "../../measure/latency.ts";
import { addErrors, type LoadOptions, type LoadResult, type SecondOfLoad } from "./load-result.ts";

/** What a worker thread sends: a second's figures, or the end. */
export type LoadMessage =
  | { type: "ready" }
  | { type: "second"; warmup: boolean; figures: SecondOfLoad }
  | { type: "done"; result: Omit<LoadResult, "latency">; histogram: string };

type Done = Extract<LoadMessage, { type: "done" }>;
type Second = Extract<LoadMessage, { type: "second" }>;

/**
 * Runs one scenario in worker threads. Aborting the signal ends it early with what was measured so far.
 *
 * @throws Error when the generator dies.
 */
export async function runLoad(
  options: LoadOptions,
  hooks: { onSecond?: (figures: SecondOfLoad, warmup: boolean) => void; signal?: AbortSignal } = {},
): Promise<LoadResult> {
  const threads = Math.min(options.threads ?? 1, options.connections);
  const told: Second[][] = [];
  const start = gate(threads);
  const parts = await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      let seconds = 0;
      return runThread(shareOf(options, thread, threads), start, hooks.signal, (second) => {
        const row = told[seconds] ?? [];
        told[seconds++] = row;
        row.push(second);
        if (row.length < threads) return;
        const [figures] = mergeSeconds([row.map((each) => each.figures)]);
        if (figures) hooks.onSecond?.(figures, second.warmup);
      });
    }),
  );
  return merge(options, parts);
}

/** What one thread of several is told. The seeds differ, so that no two threads ask for the same keys at once. */
function shareOf(options: LoadOptions, thread: number, threads: number): LoadOptions {
  const { connections, rate, seed } = options;
  return {
    ...options,
    seed: seed + thread,
    connections: Math.floor(connections / threads) + (thread < connections % threads ? 1 : 0),
    ...(rate === undefined ? {} : { rate: rate / threads }),
  };
}

/** Lets all of `count` pass at once, when the last one has come. */
function gate(count: number): () => Promise<void> {
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
  const sum = (of: (result: (typeof results)[number]) => number) =>
    results.reduce((all, result) => all + of(result), 0);
  const worst = (of: (result: (typeof results)[number]) => number) => Math.max(...results.map(of));
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
      first.seconds.map((_, at) => results.flatMap((result) => result.seconds[at] ?? [])),
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
 * One row of seconds per thread becomes one second. Percentiles of several threads cannot be had from theirs; for these
 * plots the median is the mean of the medians and the 99th percentile the worst of them.
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
