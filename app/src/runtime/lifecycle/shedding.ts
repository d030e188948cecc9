import type { AppConfig } from "../../config/config.ts";

export interface SheddingParts {
  /** Bytes that this process may use. */
  memoryLimitBytes: number;
  /** Bytes that it does use. */
  rss?: () => number;
  /** Called when memory gets short, at most every ten seconds: most of what is held may be garbage. */
  freeMemory?: () => void;
  log: { warn(facts: object, message: string): void; info(facts: object, message: string): void };
}

/** Counts since the start, and what is going on now. */
export interface SheddingFigures {
  /** 1 while requests are refused. */
  active: number;
  refusedForDelay: number;
  refusedForMemory: number;
  /** Mean over about a second of what the event loop came late by. */
  eventLoopDelayMs: number;
  /** Of the memory limit, resident. */
  memoryPercent: number;
}

type Reason = "delay" | "memory";

const sampleEveryMs = 50;
const memoryEveryMs = 1_000;
const freeEveryMs = 10_000;
/** Time in which the mean of the delay follows by 63 %: a single stall is no overload. */
const meanOverMs = 1_000;
/** Refusing ends only well below where it began, or it would begin again at once. */
const delayEndsAt = 0.5;
const memoryEndsBelowPercent = 4;
/**
 * Also while requests are refused: where refusing alone keeps the loop late, none would be served else, and where memory is
 * short, nothing would happen that frees it.
 */
const oneIsServedOf = 10;

/**
 * Refuses requests while there are more than can be served in time: while the event loop is late, and while memory is
 * nearly used up. Judged on a clock of its own, so that it ends when the load does.
 */
export class Shedding {
  readonly #limits: AppConfig["shedding"];
  readonly #parts: SheddingParts;
  readonly #rss: () => number;
  readonly #refused = { delay: 0, memory: 0 };
  #reason: Reason | undefined;
  #delayMs = 0;
  #memoryPercent = 0;
  #sampledAt = 0;
  #memoryAt = Number.NEGATIVE_INFINITY;
  #freedAt = Number.NEGATIVE_INFINITY;
  #short = false;
  #late = false;
  #turn = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: AppConfig["shedding"], parts: SheddingParts) {
    this.#limits = limits;
    this.#parts = parts;
    this.#rss = parts.rss ?? (() => process.memoryUsage.rss());
  }

  start(): void {
    this.#sampledAt = performance.now();
    this.#timer = setInterval(() => this.sample(performance.now()), sampleEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether most requests are refused now. To be asked for every request. */
  get active(): boolean {
    return this.#reason !== undefined;
  }

  get figures(): SheddingFigures {
    return {
      active: this.active ? 1 : 0,
      refusedForDelay: this.#refused.delay,
      refusedForMemory: this.#refused.memory,
      eventLoopDelayMs: this.#delayMs,
      memoryPercent: this.#memoryPercent,
    };
  }

  /** Why the request at hand is refused, counted; or nothing, when it is to be served after all. */
  refuse(): string | undefined {
    const reason = this.#reason;
    if (reason === undefined) return undefined;
    if (++this.#turn % oneIsServedOf === 0) return undefined;
    this.#refused[reason]++;
    return reason === "delay"
      ? "too many requests at the moment: the event loop is late"
      : "too many requests at the moment: memory is short";
  }

  /** @param now milliseconds of a clock that only goes forward; sampled anew every 50 ms as far as the loop lets it */
  sample(now: number): void {
    const elapsedMs = now - this.#sampledAt;
    this.#sampledAt = now;
    const lateMs = Math.max(0, elapsedMs - sampleEveryMs);
    this.#delayMs += (1 - Math.exp(-elapsedMs / meanOverMs)) * (lateMs - this.#delayMs);
    const { eventLoopDelayMs } = this.#limits;
    this.#late =
      eventLoopDelayMs > 0 &&
      this.#delayMs >= (this.#late ? delayEndsAt * eventLoopDelayMs : eventLoopDelayMs);
    if (now - this.#memoryAt >= memoryEveryMs) this.#sampleMemory(now);
    this.#decide(this.#late ? "delay" : this.#short ? "memory" : undefined);
  }

  #sampleMemory(now: number): void {
    const { memoryPercent } = this.#limits;
    const measure = () => (100 * this.#rss()) / this.#parts.memoryLimitBytes;
    this.#memoryAt = now;
    this.#memoryPercent = measure();
    if (memoryPercent === 0) return;
    if (this.#memoryPercent >= memoryPercent && now - this.#freedAt >= freeEveryMs) {
      this.#freedAt = now;
      this.#parts.freeMemory?.();
      this.#memoryPercent = measure();
    }
    this.#short =
      this.#memoryPercent >= (this.#short ? memoryPercent - memoryEndsBelowPercent : memoryPercent);
  }

  #decide(reason: Reason | undefined): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    const { log } = this.#parts;
    if (reason === undefined) log.info(this.figures, "requests are served again");
    else log.warn({ reason, ...this.figures }, "requests are refused");
  }
}
