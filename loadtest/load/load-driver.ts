import type { LoadOptions } from "./load-result.ts";
import type { PlannedRequest } from "./scenarios.ts";
import type { Tally } from "./tally.ts";

/** What a way of making load is given by the worker thread that it runs in. */
export interface LoadContext {
  options: LoadOptions;
  tally: Tally;
  nextRequest: () => PlannedRequest;
  /** Whether a request that is sent, or due, at this time of `performance.now()` counts. */
  counts: (ms: number) => boolean;
  /** When the warm-up ends and the measured part begins, by `performance.now()`. */
  measuredFromMs: number;
}

/** Load that is being made. */
export interface LoadDriver {
  /** Requests that are due and wait for a free connection. */
  backlog(): number;
  /** Makes no request that becomes due from this time of `performance.now()` on; what waits is still sent. */
  endSchedule(ms: number): void;
  /** Ends all connections. @returns requests that counted and were never sent. */
  stop(): Promise<number>;
  /** 99th percentile of the time from a request's due time until it was seen to; null without due times. */
  lateP99Ms(): number | null;
}

/** What the paths of an endpoint's requests begin with, without a trailing slash. */
export function pathPrefix(endpoint: string): string {
  return new URL(endpoint).pathname.replace(/\/$/, "");
}

/** A request as both HTTP clients take it. */
export function wireForm(
  { id, method, path, body, contentType = "application/json" }: PlannedRequest,
  prefix: string,
) {
  const headers = { "x-request-id": id };
  const form = { method, path: prefix + path };
  return body === undefined
    ? { ...form, headers }
    : { ...form, body, headers: { ...headers, "content-type": contentType } };
}
