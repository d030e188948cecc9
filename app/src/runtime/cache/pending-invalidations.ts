import { setTimeout as sleep } from "node:timers/promises";

/**
 * Pauses before repeats: a primary that hands over refuses an invalidation for a moment, and readers get the old value until the
 * repeat. In an outage, repeats are rare.
 */
const firstPauseMs = 20;
const longestPauseMs = 250;
const maxPending = 20_000;
/** Time for the last tries of a process that ends; less than `closeRestMs` of the shutdown. */
const lastTriesMs = 1_000;
const lastPauseMs = 100;

/** Invalidations that the store has not accepted yet, oldest first. They are repeated until it does. */
export class PendingInvalidations {
  readonly #deliver: (name: string) => Promise<void>;
  /** Sequence number by name: success of an earlier invalidation does not complete a later one. */
  readonly #pending = new Map<string, number>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = firstPauseMs;
  #closed = false;
  /** Number of invalidations dropped because too many were pending. */
  dropped = 0;

  constructor(deliver: (name: string) => Promise<void>) {
    this.#deliver = deliver;
  }

  get size(): number {
    return this.#pending.size;
  }

  has(name: string): boolean {
    return this.#pending.size > 0 && this.#pending.has(name);
  }

  /** Delivers now, and retries later if that fails. Never rejects. @returns whether it is delivered */
  async deliver(name: string): Promise<boolean> {
    const number = ++this.#count;
    try {
      await this.#deliver(name);
      if ((this.#pending.get(name) ?? number) < number) this.#pending.delete(name);
      return true;
    } catch {
      this.#repeatLater(name, number);
      return false;
    }
  }

  /** Repeats the pending invalidations until all are delivered, or the time is over. Never rejects. */
  async close(maxMs = lastTriesMs): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const until = performance.now() + maxMs;
    while (this.#pending.size > 0) {
      await this.#repeat();
      if (this.#pending.size === 0 || performance.now() >= until) return;
      await sleep(lastPauseMs);
    }
  }

  #repeatLater(name: string, number: number): void {
    this.#pending.set(name, Math.max(number, this.#pending.get(name) ?? 0));
    if (this.#pending.size > maxPending) {
      const [oldest] = this.#pending.keys();
      this.#pending.delete(oldest ?? "");
      this.dropped++;
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed || this.#timer) return;
    this.#timer = setTimeout(() => void this.#repeat(), this.#pauseMs).unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
  }

  async #repeat(): Promise<void> {
    const tried = [...this.#pending];
    const results = await Promise.allSettled(tried.map(([name]) => this.#deliver(name)));
    tried.forEach(([name, number], index) => {
      if (results[index]?.status === "fulfilled" && this.#pending.get(name) === number)
        this.#pending.delete(name);
    });
    this.#timer = undefined;
    if (this.#pending.size > 0) this.#schedule();
    else this.#pauseMs = firstPauseMs;
  }
}
