interface Kind {
  startedAt: number;
  logged: number;
  suppressed: number;
}

/**
 * Bounds the log lines of each kind, so that an outage does not log a stack trace for every request. A line that follows
 * suppressed ones reports their number.
 */
export class LogLimit {
  readonly #intervalMs: number;
  readonly #now: () => number;
  readonly #kinds = new Map<string, Kind>();

  /** @param now monotonic time in milliseconds */
  constructor(intervalMs = 10_000, now: () => number = () => performance.now()) {
    this.#intervalMs = intervalMs;
    this.#now = now;
  }

  /**
   * Logs, unless the kind has used up its lines of the present interval.
   *
   * @param kind one of a few: each is remembered
   * @param lines maximum number of lines in an interval
   * @param log writes the line with these facts
   */
  run(kind: string, lines: number, log: (facts: { suppressed?: number }) => void): void {
    const now = this.#now();
    let state = this.#kinds.get(kind);
    if (state === undefined) {
      state = { startedAt: now, logged: 0, suppressed: 0 };
      this.#kinds.set(kind, state);
    }
    if (now - state.startedAt >= this.#intervalMs) {
      state.startedAt = now;
      state.logged = 0;
    }
    if (state.logged >= lines) {
      state.suppressed++;
      return;
    }
    state.logged++;
    const { suppressed } = state;
    state.suppressed = 0;
    log(suppressed > 0 ? { suppressed } : {});
  }
}
