export type BreakerState = "closed" | "open" | "half-open";

export interface BreakerOptions {
  /** Failures in a row that open it. */
  failures: number;
  /** From opening, or from a failed trial, to the next trial. */
  pauseMs: number;
  now?: () => number;
}

/**
 * Stops asking what has failed several times in a row: closed, everything passes; open, nothing; after a pause one trial
 * passes (half-open), and its outcome closes or opens it again.
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

  /** True once per pause while it is open: whoever gets it makes the trial, and tells how it went. */
  takeTrial(): boolean {
    if (this.#state === "closed" || this.#now() - this.#openedAt < this.#options.pauseMs) return false;
    this.#state = "half-open";
    // A trial whose outcome is never told does not keep it from the next.
    this.#openedAt = this.#now();
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#state = "closed";
  }

  /** Tells whether this failure opened it. */
  failed(): boolean {
    this.#failures++;
    if (this.#state === "closed" && this.#failures < this.#options.failures) return false;
    const opened = this.#state === "closed";
    // What began before it opened and fails after it does not put off the trial.
    if (this.#state !== "open") this.#openedAt = this.#now();
    this.#state = "open";
    return opened;
  }
}
