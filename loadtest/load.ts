import { Worker } from "node:worker_threads";
import { LatencyHistogram, type LatencySummary } from "../measure/latency.ts";
import type { Scenario } from "./scenarios.ts";

/** What the generator is told. Only plain data: it crosses into a worker thread. */
export interface LoadOptions {
  /** Without a trailing slash. */
  endpoint: string;
  scenario: Scenario;
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** How long one request may take before it counts as timed out. */
  timeoutSeconds: number;
  users: number;
  /** Same seed, same sequence of requests. */
  seed: number;
}

/** Requests that got no good answer, by what happened to them. */
export interface ErrorClasses {
  timeouts: number;
  /** The connection failed before the answer, by error code, e.g. ECONNRESET. */
  connection: Record<string, number>;
  /** The server closed the connection without answering and without having announced it. */
  closed: number;
  /** Answers outside 2xx, by status. */
  status: Record<string, number>;
  /** 2xx answers whose body was not the one asked for. */
  wrongBody: number;
  /** Sent, and still without answer when the run ended. */
  unfinished: number;
}

/** One second of a run; latencies are null where nothing was answered. */
export interface SecondOfLoad {
  /** Seconds since the measured part began; negative in the warm-up. */
  second: number;
  /** Answers of any kind in this second. */
  requestsPerSecond: number;
  failed: number;
  p50Ms: number | null;
  p99Ms: number | null;
}

/** One scenario's outcome. `sent = completed + failed`; the warm-up is in none of the figures. */
export interface LoadResult {
  scenario: string;
  startedAt: number;
  durationSeconds: number;
  connections: number;
  sent: number;
  /** Good answers: 2xx with the right body. */
  completed: number;
  failed: number;
  errors: ErrorClasses;
  /** Requests written into a connection whose closing the server had announced: never its to answer, so not counted as sent. */
  resent: number;
  requestsPerSecond: number;
  latency: LatencySummary;
  seconds: SecondOfLoad[];
  /** How busy the generator's own event loop was, 0 … 1; near 1 its latencies are partly its own. */
  generatorUtilization: number;
  /** Stopped before its time. */
  interrupted: boolean;
}

/** What the worker sends: a second's figures, or the end. */
export type LoadMessage =
  | { type: "second"; warmup: boolean; figures: SecondOfLoad }
  | { type: "done"; result: Omit<LoadResult, "latency">; histogram: string };

/** The total of all error classes. */
export function countErrors(errors: ErrorClasses): number {
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, n) => total + n, 0);
  return (
    errors.timeouts +
    errors.closed +
    errors.wrongBody +
    errors.unfinished +
    sum(errors.connection) +
    sum(errors.status)
  );
}

/**
 * Runs one scenario with autocannon in a worker thread: a closed model, where each connection sends its next
 * request when the last one is answered. Aborting the signal ends it early with what was measured so far.
 *
 * @throws Error when the generator dies.
 */
export function runLoad(
  options: LoadOptions,
  hooks: { onSecond?: (figures: SecondOfLoad, warmup: boolean) => void; signal?: AbortSignal } = {},
): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./load-worker.mjs", import.meta.url), { workerData: options });
    const stop = () => worker.postMessage("stop");
    if (hooks.signal?.aborted) stop();
    hooks.signal?.addEventListener("abort", stop);
    let outcome: LoadResult | undefined;
    worker.on("message", (message: LoadMessage) => {
      if (message.type === "second") hooks.onSecond?.(message.figures, message.warmup);
      else outcome = { ...message.result, latency: LatencyHistogram.decode(message.histogram).summary() };
    });
    worker.once("error", reject);
    worker.once("exit", (code) => {
      hooks.signal?.removeEventListener("abort", stop);
      if (outcome) resolve(outcome);
      else reject(new Error(`the load generator ended with code ${code} and without a result`));
    });
  });
}
