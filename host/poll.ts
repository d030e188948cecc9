import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../contract/user-error.ts";

/** How often and how long to try. */
export interface PollTiming {
  /** Milliseconds between two attempts, from 1; 100 by default. */
  intervalMs?: number;
  /** Milliseconds after which the attempt in progress is the last one, from 0. */
  timeoutMs: number;
  /** Ends the polling early, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** What to wait for, and what to report if it does not happen. */
export interface PollOptions extends PollTiming {
  /** Ends the sentence "waited 60 s for …". */
  what: string;
  /** What the user can do after the time-out. */
  fix: string;
  /** Which errors of an attempt count as "not yet"; the others end the polling. None by default. */
  retryAfter?: (error: unknown) => boolean;
}

/**
 * Calls `attempt` until it returns something other than `undefined` or `false`. The first call is made at once, and
 * at least one call is made.
 *
 * @returns the value of the last attempt; `undefined` after the time-out.
 * @throws {Error} of the attempt, or the reason of `signal`.
 */
export async function poll<T>(
  { intervalMs = 100, timeoutMs, signal }: PollTiming,
  attempt: () => Promise<T | undefined | false>,
): Promise<T | undefined> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const value = await attempt();
    if (value !== undefined && value !== false) return value;
    if (Date.now() >= deadlineMs) return undefined;
    await sleep(intervalMs, undefined, { signal }).catch(() => {});
  }
}

/**
 * Waits as `poll` does, for something that must happen.
 *
 * @returns the value of the last attempt.
 * @throws {UserError} after the time-out: what was awaited, for how long, and the last error that was retried.
 * @throws {Error} of an attempt that `retryAfter` does not accept, or the reason of `signal`.
 */
export async function pollUntil<T>(
  options: PollOptions,
  attempt: () => Promise<T | undefined | false>,
): Promise<T> {
  let lastError: unknown;
  const value = await poll(options, async () => {
    lastError = undefined;
    try {
      const result = await attempt();
      return result === undefined || result === false ? undefined : { result };
    } catch (error) {
      if (options.retryAfter?.(error) !== true) throw error;
      lastError = error;
      return undefined;
    }
  });
  if (value !== undefined) return value.result;
  const reason = lastError instanceof Error ? ` (${lastError.message})` : "";
  throw new UserError(`waited ${options.timeoutMs / 1000} s for ${options.what}${reason}`, options.fix, {
    cause: lastError,
  });
}
