import type { AppConfig } from "../../config/config.ts";
import type { Log } from "../log.ts";

/** Parts that load shedding uses. */
export interface SheddingParts {
  /** Memory limit of this process. */
  memoryLimitBytes: number;
  /** Resident memory in bytes. */
  rss?: () => number;
  /** Called when memory is short, at most every ten seconds: most of it may be garbage. */
  freeMemory?: () => void;
  log: Log;
}

type Reason = "delay" | "memory";

const sampleEveryMs = 50;
const memoryEveryMs = 1_000;
const freeEveryMs = 10_000;
/** Time constant of the averaged delay: a single stall is not an overload. */
const meanOverMs = 1_000;
/** Shedding ends well below the limit at which it starts; otherwise it would restart at once. */
const delayEndsAt = 0.5;
const memoryEndsBelowPercent = 4;
/**
 * While shedding, one of this many requests is served. Without it, a loop that is late because of the refusals alone would
 * never serve a request, and nothing would free memory.
 */
const serveOneOf = 10;

/**
 * Load shedding: refuses most requests while the event loop is late or memory is nearly exhausted. A timer samples both,
 * so that shedding ends when the load ends.
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

  /** Whether most requests are refused now. Cheap enough to read at every request. */
  get active(): boolean {
    return this.#reason !== undefined;
  }

  /** Counters since the start, and the current state. */
  get stats() {
    return {
      active: this.active ? 1 : 0,
      refusedForDelay: this.#refused.delay,
      refusedForMemory: this.#refused.memory,
      // The delay is averaged over about a second.
      eventLoopDelayMs: this.#delayMs,
      // Share of the memory limit that is resident.
      memoryPercent: this.#memoryPercent,
    };
  }

  /** Returns and counts the reason to refuse the current request; undefined if it is to be served. */
  refuse(): string | undefined {
    const reason = this.#reason;
    if (reason === undefined) return undefined;
    if (++this.#turn % serveOneOf === 0) return undefined;
    this.#refused[reason]++;
    return reason === "delay"
      ? "too many requests at the moment: the event loop is late"
      : "too many requests at the moment: memory is short";
  }

  /** Takes a sample; called every 50 ms if the event loop is on time. @param now monotonic time in milliseconds */
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
    if (reason === undefined) log.info(this.stats, "requests are served again");
    else log.warn({ reason, ...this.stats }, "requests are refused");
  }
}
