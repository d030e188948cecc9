import type { ErrorClasses } from "../report/schema/scenario.ts";
import type { Scenario } from "./scenarios.ts";

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
  /** Users that exist: ids 1 … users. */
  users: number;
  /** The same seed makes the same sequence of requests. */
  seed: number;
  /** Whether the endpoint is the API itself. The gateway serves the API under /api/. */
  withoutGateway?: boolean;
  /** Worker threads that share connections and rate evenly; default 1. */
  threads?: number;
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
