/** Closed: calls pass. Open: calls are skipped. Half-open: a trial is running. */
export type BreakerState = "closed" | "open" | "half-open";

/** Settings of a {@link CircuitBreaker}. */
export interface BreakerOptions {
  /** Consecutive failures that open the breaker. */
  failures: number;
  /** Time from opening, or from the last trial, to the next trial. */
  pauseMs: number;
  now?: () => number;
}

/**
 * Skips calls to something that has failed several times in a row. While closed, all calls pass; while open, none. After
 * a pause one trial passes (half-open), and its outcome closes the breaker or opens it again.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  readonly #now: () => number;
  #failures = 0;
  #openedAt = 0;
  #state: BreakerState = "closed";

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get state(): BreakerState {
    return this.#state;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** True once per pause while the breaker is open. The caller makes the trial and reports its outcome. */
  takeTrial(): boolean {
    if (this.#state === "closed" || this.#now() - this.#openedAt < this.#options.pauseMs) return false;
    this.#state = "half-open";
    // A trial whose outcome is never reported does not block the next one.
    this.#openedAt = this.#now();
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#state = "closed";
  }

  /** Reports a failure. @returns whether this failure opened the breaker */
  failed(): boolean {
    this.#failures++;
    if (this.#state === "closed" && this.#failures < this.#options.failures) return false;
    const opened = this.#state === "closed";
    // A call that started before the breaker opened does not delay the trial when it fails later.
    if (this.#state !== "open") this.#openedAt = this.#now();
    this.#state = "open";
    return opened;
  }
}
