import { Worker } from "node:worker_threads";
import { LatencyHistogram } from "../../measure/latency.ts";
import type { LoadResult, SecondOfLoad } from "../report/schema/scenario.ts";
import { addErrors, type LoadOptions, type ThreadOptions } from "./load-result.ts";

/** The messages of a worker thread: ready to start, a request of a session that failed, one second of load, the end. */
export type LoadMessage =
  | { type: "ready" }
  | { type: "problem"; text: string }
  | { type: "second"; warmup: boolean; stats: SecondOfLoad }
  | {
      type: "done";
      result: Omit<LoadResult, "latency" | "badLatency">;
      histogram: string;
      badHistogram: string;
    };

/** Starts the load of all threads. */
export interface StartMessage {
  /** Epoch ms. */
  atMs: number;
}

/** Time for the message to reach every thread. */
const startDelayMs = 100;

type Done = Extract<LoadMessage, { type: "done" }>;
type Second = Extract<LoadMessage, { type: "second" }>;

/**
 * Runs one scenario in worker threads. Aborting the signal ends it early; the result covers the time until then.
 *
 * @throws {Error} when a worker thread ends without a result, or a session cannot begin. The other threads are ended then.
 */
export async function runLoad(
  options: LoadOptions,
  hooks: {
    onSecond?: (stats: SecondOfLoad, warmup: boolean) => void;
    /** A problem of the load itself, in words. The result is not that of the load that was asked for. */
    onProblem?: (problem: string) => void;
    signal?: AbortSignal;
  } = {},
): Promise<LoadResult> {
  const threads = Math.min(options.threads ?? 1, options.connections);
  const rows: Second[][] = [];
  const start = barrier(threads);
  const failed = new AbortController();
  const parts = await Promise.all(
    Array.from({ length: threads }, (_, thread) => {
      let seconds = 0;
      const share = shareOf(options, thread, threads);
      return runThread(
        share,
        { start, interrupted: hooks.signal, failed: failed.signal, onProblem: hooks.onProblem },
        (second) => {
          const row = rows[seconds] ?? [];
          rows[seconds++] = row;
          row.push(second);
          if (row.length < threads) return;
          const [stats] = mergeSeconds([row.map((each) => each.stats)]);
          if (stats) hooks.onSecond?.(stats, second.warmup);
        },
      );
    }),
  ).catch((error: unknown) => {
    failed.abort();
    throw error;
  });
  return merge(options, parts);
}

/**
 * The part of one thread. The seeds differ, so that threads do not request the same keys at the same time. At a fixed
 * rate the threads take turns: request i belongs to thread i mod `threads`.
 */
export function shareOf(options: LoadOptions, thread: number, threads: number): ThreadOptions {
  const { connections, rate, seed } = options;
  return {
    ...options,
    thread,
    threads,
    seededVersion: options.seededVersion ?? 0,
    seed: seed + thread,
    connections: Math.floor(connections / threads) + (thread < connections % threads ? 1 : 0),
    rate: rate === undefined ? undefined : rate / threads,
    firstDueMs: rate === undefined ? 0 : (thread * 1000) / rate,
  };
}

/** A barrier: resolves for all callers after `count` calls, with the time of the start. */
function barrier(count: number): () => Promise<StartMessage> {
  const { promise, resolve } = Promise.withResolvers<StartMessage>();
  let missing = count;
  return () => {
    if (--missing === 0) resolve({ atMs: performance.timeOrigin + performance.now() + startDelayMs });
    return promise;
  };
}

/** What the threads of a load share. */
interface ThreadControl {
  start: () => Promise<StartMessage>;
  interrupted: AbortSignal | undefined;
  /** Aborted when another thread has failed. */
  failed: AbortSignal;
  onProblem: ((problem: string) => void) | undefined;
}

function runThread(
  options: ThreadOptions,
  { start, interrupted, failed, onProblem }: ThreadControl,
  onSecond: (second: Second) => void,
): Promise<Done> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./load-worker.ts", import.meta.url), { workerData: options });
    const stop = () => worker.postMessage("stop");
    if (interrupted?.aborted) stop();
    interrupted?.addEventListener("abort", stop);
    failed.addEventListener("abort", () => void worker.terminate());
    const name = `thread ${options.thread + 1} of ${options.threads} of the load generator`;
    let when = "before the start";
    let outcome: Done | undefined;
    worker.on("message", (message: LoadMessage) => {
      if (message.type === "ready") {
        void start().then((given) => {
          when = "during the load";
          worker.postMessage(given);
        });
      } else if (message.type === "second") onSecond(message);
      else if (message.type === "problem") onProblem?.(message.text);
      else outcome = message;
    });
    worker.once("error", (error: Error) => {
      // An error of a worker thread arrives with its properties, but as a plain Error.
      const isOfUser = error.name === "UserError";
      reject(isOfUser ? error : new Error(`${name} failed ${when}: ${error.message}`, { cause: error }));
    });
    worker.once("exit", (code) => {
      interrupted?.removeEventListener("abort", stop);
      if (outcome) resolve(outcome);
      else reject(new Error(`${name} ended with code ${code} ${when}, without a result`));
    });
  });
}

function merge(options: LoadOptions, parts: readonly Done[]): LoadResult {
  const results = parts.map((part) => part.result);
  const [first] = results;
  if (!first) throw new Error("a load needs at least one thread");
  const latency = LatencyHistogram.empty();
  const badLatency = LatencyHistogram.empty();
  for (const part of parts) {
    latency.merge(LatencyHistogram.decode(part.histogram));
    badLatency.merge(LatencyHistogram.decode(part.badHistogram));
  }
  const sum = (value: (result: (typeof results)[number]) => number) =>
    results.reduce((all, result) => all + value(result), 0);
  const worst = (value: (result: (typeof results)[number]) => number) => Math.max(...results.map(value));
  const worstLate = (late: (generator: LoadResult["generator"]) => number | null) =>
    late(first.generator) === null ? null : worst((result) => late(result.generator) ?? 0);
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
    badLatency: {
      count: badLatency.count,
      p50Ms: badLatency.at(50),
      p99Ms: badLatency.at(99),
      maxMs: badLatency.maxMs,
    },
    seconds: mergeSeconds(
      first.seconds.map((_, index) => results.flatMap((result) => result.seconds[index] ?? [])),
    ),
    generator: {
      threads: results.length,
      utilization: worst((result) => result.generator.utilization),
      lagP99Ms: worst((result) => result.generator.lagP99Ms),
      lateP50Ms: worstLate((generator) => generator.lateP50Ms),
      lateP99Ms: worstLate((generator) => generator.lateP99Ms),
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
