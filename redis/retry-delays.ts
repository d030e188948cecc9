/** Failures after which an action waits longer each time, up to half a minute. */
const firstDelayMs = 250;
const longestDelayMs = 30_000;

interface Failures {
  count: number;
  nextMs: number;
  reason: string;
}

/** Remembers which actions failed, and when each may be tried again, so that one that fails for ever does not stop the others. */
export class RetryDelays {
  readonly #failures = new Map<string, Failures>();

  /** What an action that failed before waits for; undefined when it may be tried now. */
  waitOf(action: string, nowMs: number): string | undefined {
    const failures = this.#failures.get(action);
    return failures === undefined || failures.nextMs <= nowMs ? undefined : describe(action, failures);
  }

  /** Records a failure. @returns it in words */
  failed(action: string, reason: string, nowMs: number): string {
    const count = (this.#failures.get(action)?.count ?? 0) + 1;
    const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (count - 1));
    const failures = { count, nextMs: nowMs + delayMs, reason };
    this.#failures.set(action, failures);
    return describe(action, failures);
  }

  succeeded(action: string): void {
    this.#failures.delete(action);
  }
}

function describe(action: string, { count, reason }: Failures): string {
  return count === 1 ? `${action}: ${reason}` : `${action}: failed ${count} times: ${reason}`;
}
