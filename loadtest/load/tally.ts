import { LatencyHistogram } from "../../measure/latency.ts";
import { countErrors, noErrors, type SecondOfLoad } from "./load-result.ts";
import type { PlannedRequest } from "./scenarios.ts";

/** The request that a connection is waiting for. */
export interface InFlight {
  request: PlannedRequest;
  /** From here its latency counts: when it was written, or when it was due at a fixed rate. */
  sentAt: number;
  /** False in the warm-up and after the end: the request loads the stack, but is not counted. */
  counted: boolean;
}

/** More failures than this have no time of their own. */
const failuresTimed = 5000;

/** Counts what became of each request. Times in ms of a monotonic clock. */
export class Tally {
  readonly latency = LatencyHistogram.empty();
  readonly errors = noErrors();
  /** When counted requests failed, the first thousands of them. */
  readonly failedAt: number[] = [];
  sent = 0;
  completed = 0;
  resent = 0;
  readonly #second = LatencyHistogram.empty();
  #failedBefore = 0;

  get failed(): number {
    return countErrors(this.errors);
  }

  /** Counted requests that have no outcome yet. */
  get outstanding(): number {
    return this.sent - this.completed - this.failed;
  }

  send(inFlight: InFlight): void {
    if (inFlight.counted) this.sent++;
  }

  /** @param id X-Request-ID of the answer, if it has one */
  answer(inFlight: InFlight, status: number, body: string, now: number, id?: string): void {
    const latencyMs = now - inFlight.sentAt;
    this.#second.record(latencyMs);
    if (!inFlight.counted) return;
    this.latency.record(latencyMs);
    const { request } = inFlight;
    if (status >= 200 && status <= 299 && (id === undefined || id === request.id) && request.verify(body)) {
      this.completed++;
      return;
    }
    if (status >= 200 && status <= 299) this.errors.wrongBody++;
    else count(this.errors.status, String(status));
    this.#note(now);
  }

  timeout(inFlight: InFlight, now: number): void {
    if (!inFlight.counted) return;
    this.errors.timeouts++;
    this.#note(now);
  }

  connectionError(inFlight: InFlight, code: string, now: number): void {
    if (!inFlight.counted) return;
    count(this.errors.connection, code);
    this.#note(now);
  }

  /** The connection ended without an answer; `announced`: the server had said so before the request was written. */
  closed(inFlight: InFlight, announced: boolean, now: number): void {
    if (!inFlight.counted) return;
    if (announced) {
      this.sent--;
      this.resent++;
      return;
    }
    this.errors.closed++;
    this.#note(now);
  }

  #note(now: number): void {
    if (this.failedAt.length < failuresTimed) this.failedAt.push(now);
  }

  /** Closes the current second, which really took `elapsedSeconds`, and gives its figures. */
  endSecond(second: number, elapsedSeconds: number): SecondOfLoad {
    const failed = this.failed;
    const empty = this.#second.count === 0;
    const figures: SecondOfLoad = {
      second,
      requestsPerSecond: Math.round(this.#second.count / elapsedSeconds),
      failed: failed - this.#failedBefore,
      p50Ms: empty ? null : this.#second.at(50),
      p99Ms: empty ? null : this.#second.at(99),
    };
    this.#failedBefore = failed;
    this.#second.reset();
    return figures;
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
