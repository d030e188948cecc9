import { LatencyHistogram } from "../../measure/latency.ts";
import type { SecondOfLoad } from "../report/schema/scenario.ts";
import { countErrors, noErrors } from "./load-result.ts";
import type { PlannedRequest } from "./scenarios.ts";

/** A request that was sent and has no outcome yet. */
export interface InFlight {
  request: PlannedRequest;
  /** Start of its latency: when it was written, or at a fixed rate when it was due. */
  sentAt: number;
  /** False in the warm-up and after the end: such a request loads the stack, but is not counted. */
  counted: boolean;
}

/** Maximum count of failures whose time is kept. */
const maxTimedFailures = 5000;

/** Counts the outcomes of requests. Times in ms of a monotonic clock. */
export class Tally {
  readonly latency = LatencyHistogram.empty();
  readonly errors = noErrors();
  /** Times of the first failures of counted requests. */
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

  /** A complete response. @param id its X-Request-ID, if any */
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
    this.#recordFailure(now);
  }

  timeout(inFlight: InFlight, now: number): void {
    if (!inFlight.counted) return;
    this.errors.timeouts++;
    this.#recordFailure(now);
  }

  connectionError(inFlight: InFlight, code: string, now: number): void {
    if (!inFlight.counted) return;
    count(this.errors.connection, code);
    this.#recordFailure(now);
  }

  /** The connection closed without a response. @param announced by the server, before the request was written */
  closed(inFlight: InFlight, announced: boolean, now: number): void {
    if (!inFlight.counted) return;
    if (announced) {
      this.sent--;
      this.resent++;
      return;
    }
    this.errors.closed++;
    this.#recordFailure(now);
  }

  #recordFailure(now: number): void {
    if (this.failedAt.length < maxTimedFailures) this.failedAt.push(now);
  }

  /** Ends the current second. @param elapsedSeconds its real length @returns its numbers */
  endSecond(second: number, elapsedSeconds: number): SecondOfLoad {
    const failed = this.failed;
    const empty = this.#second.count === 0;
    const stats: SecondOfLoad = {
      second,
      requestsPerSecond: Math.round(this.#second.count / elapsedSeconds),
      failed: failed - this.#failedBefore,
      p50Ms: empty ? null : this.#second.at(50),
      p99Ms: empty ? null : this.#second.at(99),
    };
    this.#failedBefore = failed;
    this.#second.reset();
    return stats;
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
