import type { ErrorClasses } from "../report/schema/scenario.ts";
import type { Scenario } from "./scenarios.ts";
import type { TlsSettings } from "./tls.ts";

/** The load generator's input. It is plain data, because it is sent to worker threads. */
export interface LoadOptions {
  /** URL without a trailing slash. */
  endpoint: string;
  scenario: Scenario;
  connections: number;
  /**
   * Requests per second, each due at its own time, independent of earlier responses (an open model). Absent: each
   * connection sends its next request after the response to the last one (a closed model).
   */
  rate?: number;
  durationSeconds: number;
  warmupSeconds: number;
  /** Time-out of one request. */
  timeoutSeconds: number;
  /** Count of users that exist: ranks 1 … users (users.ts). */
  users: number;
  /** Version that every user has at least; default 0: any. */
  seededVersion?: number;
  /** The same seed makes the same sequence of requests. */
  seed: number;
  /** Beginning of all paths that is removed, because the endpoint is a pod and not the gateway. */
  removedBase?: string;
  /** Worker threads that share connections and rate evenly; default 1. */
  threads?: number;
  /** Whether a connection carries several requests; default true. */
  keepAlive?: boolean;
  /** Least time between two times that a session begins, in milliseconds from 0; default 10,000. */
  renewAfterMs?: number;
  tls?: TlsSettings;
}

/** The part of one worker thread. */
export interface ThreadOptions extends LoadOptions {
  /** From 0. */
  thread: number;
  threads: number;
  seededVersion: number;
  /** At a fixed rate: time from the start of the load to the first request of this thread. */
  firstDueMs: number;
}

/** The error classes of a load without errors. */
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

/** The sum of several threads' errors. */
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
