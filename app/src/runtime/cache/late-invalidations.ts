const maxNames = 20_000;

/**
 * Invalidations after a delay, for writes whose outcome is unknown: the origin may still carry out such a write after the
 * first invalidation, and a reader may have cached the old value in between.
 */
export class LateInvalidations {
  readonly #delayMs: number;
  readonly #invalidate: (name: string) => Promise<void>;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /**
   * @param delayMs time after which the origin carries out no earlier write
   * @param invalidate never rejects
   */
  constructor(delayMs: number, invalidate: (name: string) => Promise<void>) {
    this.#delayMs = delayMs;
    this.#invalidate = invalidate;
  }

  get size(): number {
    return this.#timers.size;
  }

  /** Schedules a name. A name that is scheduled already is postponed. */
  add(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    const [oldest] = this.#timers.keys();
    if (oldest !== undefined && this.#timers.size >= maxNames) void this.#fire(oldest);
    this.#timers.set(name, setTimeout(() => void this.#fire(name), this.#delayMs).unref());
  }

  /** Invalidates all scheduled names now: the process ends. */
  async close(): Promise<void> {
    await Promise.all([...this.#timers.keys()].map((name) => this.#fire(name)));
  }

  #fire(name: string): Promise<void> {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    return this.#invalidate(name);
  }
}
