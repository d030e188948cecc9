import { LatencyHistogram } from "../../measure/latency.ts";
import type { SecondOfLoad } from "../report/schema/scenario.ts";
import { countErrors, noErrors } from "./load-result.ts";
import { isExpected, type PlannedRequest, type ResponseHeaders } from "./planned-request.ts";

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

/**
 * Counts the outcomes of requests. Times in ms of a monotonic clock.
 *
 * The latency is that of good responses and of requests without a response in time, which count as the time-out at least:
 * a client waited that long. Bad responses have a latency of their own, because a fast refusal is no fast response.
 */
export class Tally {
  readonly latency = LatencyHistogram.empty();
  readonly badLatency = LatencyHistogram.empty();
  readonly errors = noErrors();
  /** Times of the first failures of counted requests. */
  readonly failedAt: number[] = [];
  sent = 0;
  completed = 0;
  resent = 0;
  /** Time-outs of requests that never got a connection. */
  notSent = 0;
  /** Good responses within the measured time, also to requests of the warm-up. */
  goodInTime = 0;
  readonly #timeoutMs: number;
  readonly #isMeasured: (ms: number) => boolean;
  readonly #open = new Set<InFlight>();
  readonly #second = LatencyHistogram.empty();
  #responsesInSecond = 0;
  #failedBefore = 0;
  #ended = false;

  /** @param isMeasured whether a time belongs to the measured part */
  constructor(timeoutMs: number, isMeasured: (ms: number) => boolean) {
    this.#timeoutMs = timeoutMs;
    this.#isMeasured = isMeasured;
  }

  get failed(): number {
    return countErrors(this.errors);
  }

  /** Counted requests that have no outcome yet. */
  get outstanding(): number {
    return this.#open.size;
  }

  send(inFlight: InFlight): void {
    if (!inFlight.counted || this.#ended) return;
    this.sent++;
    this.#open.add(inFlight);
  }

  /** A complete response. @param id its X-Request-ID, if any @param headers those that the request may keep */
  answer(
    inFlight: InFlight,
    status: number,
    body: string,
    now: number,
    id?: string,
    headers?: ResponseHeaders,
  ): void {
    const { request } = inFlight;
    const hasStatus = isExpected(request, status);
    const isGood = hasStatus && (id === undefined || id === request.id) && request.verify(body, headers);
    if (!this.#end(inFlight, isGood)) return;
    const latencyMs = now - inFlight.sentAt;
    this.#responsesInSecond++;
    if (isGood) this.#second.record(latencyMs);
    if (isGood && this.#isMeasured(now)) this.goodInTime++;
    if (!inFlight.counted) return;
    if (isGood) {
      this.latency.record(latencyMs);
      this.completed++;
      return;
    }
    this.badLatency.record(latencyMs);
    if (hasStatus) this.errors.wrongBody++;
    else count(this.errors.status, String(status));
    this.#recordFailure(now);
  }

  timeout(inFlight: InFlight, now: number): void {
    if (!this.#end(inFlight, false)) return;
    this.#recordTimeout(Math.max(this.#timeoutMs, now - inFlight.sentAt), inFlight.counted, now);
  }

  /** The time-out of a request that was due at `dueMs` and never got a connection. */
  timeoutUnsent(dueMs: number, counted: boolean): void {
    if (this.#ended) return;
    if (counted) {
      this.sent++;
      this.notSent++;
    }
    this.#recordTimeout(this.#timeoutMs, counted, dueMs + this.#timeoutMs);
  }

  #recordTimeout(waitedMs: number, counted: boolean, now: number): void {
    this.#second.record(waitedMs);
    if (!counted) return;
    this.latency.record(waitedMs);
    this.errors.timeouts++;
    this.#recordFailure(now);
  }

  connectionError(inFlight: InFlight, code: string, now: number): void {
    if (!this.#end(inFlight, false) || !inFlight.counted) return;
    count(this.errors.connection, code);
    this.#recordFailure(now);
  }

  /** The connection closed without a response. @param announced by the server, before the request was written */
  closed(inFlight: InFlight, announced: boolean, now: number): void {
    if (!this.#end(inFlight, false) || !inFlight.counted) return;
    if (announced) {
      this.sent--;
      this.resent++;
      return;
    }
    this.errors.closed++;
    this.#recordFailure(now);
  }

  /**
   * Ends the count: requests without an outcome become `unfinished`, and later outcomes count nowhere.
   *
   * @param waited whether every request had its whole time to be answered
   */
  end(now: number, waited: boolean): void {
    this.#ended = true;
    for (const inFlight of this.#open) {
      this.errors.unfinished++;
      if (waited) this.latency.record(Math.max(this.#timeoutMs, now - inFlight.sentAt));
      this.#recordFailure(now);
    }
    this.#open.clear();
  }

  /** @returns false after the end */
  #end(inFlight: InFlight, isGood: boolean): boolean {
    inFlight.request.settle?.(isGood);
    this.#open.delete(inFlight);
    return !this.#ended;
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
      requestsPerSecond: Math.round(this.#responsesInSecond / elapsedSeconds),
      failed: failed - this.#failedBefore,
      p50Ms: empty ? null : this.#second.at(50),
      p99Ms: empty ? null : this.#second.at(99),
    };
    this.#failedBefore = failed;
    this.#responsesInSecond = 0;
    this.#second.reset();
    return stats;
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
