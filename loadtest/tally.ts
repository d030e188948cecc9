import { LatencyHistogram } from "../measure/latency.ts";
import { countErrors, type ErrorClasses, type SecondOfLoad } from "./load.ts";
import type { PlannedRequest } from "./scenarios.ts";

/** The request that a connection is waiting for. */
export interface InFlight {
  request: PlannedRequest;
  sentAt: number;
  /** False in the warm-up and after the end: the request loads the stack, but is not counted. */
  counted: boolean;
}

/** Counts what became of each request. Times in ms of a monotonic clock. */
export class Tally {
  readonly latency = LatencyHistogram.empty();
  readonly errors: ErrorClasses = {
    timeouts: 0,
    connection: {},
    closed: 0,
    status: {},
    wrongBody: 0,
    unfinished: 0,
  };
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

  answer(inFlight: InFlight, status: number, body: string, now: number): void {
    const latencyMs = now - inFlight.sentAt;
    this.#second.record(latencyMs);
    if (!inFlight.counted) return;
    this.latency.record(latencyMs);
    if (status < 200 || status > 299) count(this.errors.status, String(status));
    else if (!inFlight.request.verify(body)) this.errors.wrongBody++;
    else this.completed++;
  }

  timeout(inFlight: InFlight): void {
    if (inFlight.counted) this.errors.timeouts++;
  }

  connectionError(inFlight: InFlight, code: string): void {
    if (inFlight.counted) count(this.errors.connection, code);
  }

  /** The connection ended without an answer; `announced`: the server had said so before the request was written. */
  closed(inFlight: InFlight, announced: boolean): void {
    if (!inFlight.counted) return;
    if (announced) {
      this.sent--;
      this.resent++;
    } else this.errors.closed++;
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
