import type { LatencySummary } from "../../measure/latency.ts";
import type { Scenario } from "./scenarios.ts";

/** What the generator is told. Only plain data: it crosses into worker threads. */
export interface LoadOptions {
  /** Without a trailing slash. */
  endpoint: string;
  scenario: Scenario;
  connections: number;
  /**
   * Requests per second, each due at its own time whatever became of those before it (an open model). Absent: each
   * connection sends its next request when the last one is answered (a closed model).
   */
  rate?: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** How long one request may take before it counts as timed out. */
  timeoutSeconds: number;
  users: number;
  /** Same seed, same sequence of requests. */
  seed: number;
  /** The endpoint is the API itself and not the gateway, which serves it under /api/. */
  withoutGateway?: boolean;
  /** Worker threads that share connections and rate evenly; 1 by default. */
  threads?: number;
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
  /** 2xx answers that were not the one asked for: another body, or another request's id. */
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

/** How the generator itself fared: when it was the limit, the figures are partly its own. */
export interface GeneratorFigures {
  threads: number;
  /** How busy the busiest thread's event loop was, 0 … 1. */
  utilization: number;
  /** 99th percentile of the time by which the event loop came late. */
  lagP99Ms: number;
  /** At a fixed rate: 99th percentile of the time from a request's due time until the generator saw to it. */
  lateP99Ms: number | null;
  /** At a fixed rate: requests that were due and still waited for a free connection when the measured part ended. */
  backlog: number;
}

/** One scenario's outcome. `sent = completed + failed`; the warm-up is in none of the figures. */
export interface LoadResult {
  scenario: string;
  model: "closed" | "fixed rate";
  /** Requests per second that were to be sent; null in a closed model. */
  offeredPerSecond: number | null;
  /** Epoch ms at which the measured part began, to the microsecond. */
  startedAt: number;
  durationSeconds: number;
  connections: number;
  sent: number;
  /** Good answers: 2xx with the right body. */
  completed: number;
  failed: number;
  errors: ErrorClasses;
  /** Seconds since the start at which requests failed, the first thousands of them. */
  failedAtSeconds: number[];
  /** Requests written into a connection whose closing the server had announced: never its to answer, so not counted as sent. */
  resent: number;
  /** Due at a fixed rate and never sent, for want of a free connection. */
  notSent: number;
  requestsPerSecond: number;
  /** At a fixed rate from the time at which each request was due. */
  latency: LatencySummary;
  seconds: SecondOfLoad[];
  generator: GeneratorFigures;
  /** Stopped before its time. */
  interrupted: boolean;
}

/** Of requests that all got a good answer. */
export function noErrors(): ErrorClasses {
  return { timeouts: 0, connection: {}, closed: 0, status: {}, wrongBody: 0, unfinished: 0 };
}

/** The total of all error classes. */
export function countErrors(errors: ErrorClasses): number {
  return (
    errors.timeouts +
    errors.closed +
    errors.wrongBody +
    errors.unfinished +
    total(errors.connection) +
    total(errors.status)
  );
}

/** The errors of several threads together. */
export function addErrors(parts: readonly ErrorClasses[]): ErrorClasses {
  const sum = noErrors();
  for (const part of parts) {
    for (const key of ["timeouts", "closed", "wrongBody", "unfinished"] as const) sum[key] += part[key];
    for (const key of ["connection", "status"] as const) {
      for (const [name, count] of Object.entries(part[key])) sum[key][name] = (sum[key][name] ?? 0) + count;
    }
  }
  return sum;
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((all, count) => all + count, 0);
}
