import type { Pacer } from "../../measure/pacer.ts";
import type { Connection, Renewal } from "./connection.ts";
import type { ThreadOptions } from "./load-result.ts";
import type { PlannedRequest } from "./planned-request.ts";
import type { Session } from "./session.ts";
import type { Tally } from "./tally.ts";

/** The input of a load model: what the worker thread shares with it. */
export interface LoadContext {
  options: ThreadOptions;
  tally: Tally;
  /** @param session of the connection that sends the request; undefined: it keeps nothing */
  nextRequest: (session?: Session) => PlannedRequest;
  /** Whether a request that is sent or due at this time (`performance.now()`) counts. */
  counts: (ms: number) => boolean;
  /** Start of the measured part, by `performance.now()`. */
  measuredFromMs: number;
  /** The clock of a fixed rate, ready to start; undefined in a closed model. */
  pacer: Pacer | undefined;
  /** Connections whose sessions have begun; undefined: the scenario has no sessions. */
  connections: readonly Connection[] | undefined;
  /** What begins a session again; undefined: there are none. */
  renewal: Renewal | undefined;
}

/** A running load model. */
export interface LoadDriver {
  /** Due requests that wait for a free connection. */
  backlog(): number;
  /** Stops the schedule at this time (`performance.now()`). Requests that wait are still sent. */
  endSchedule(ms: number): void;
  /** Ends the requests that still wait for a connection as timed out. */
  giveUpWaiting(): void;
  /** Closes all connections. */
  stop(): Promise<void>;
  /** A percentile of the time from a request's due time to its handling, in ms; null in a closed model. */
  lateMs(percentile: number): number | null;
}

/** A load model without a schedule: no request is due, so none waits or is late. */
export function unscheduled(stop: LoadDriver["stop"]): LoadDriver {
  return { backlog: () => 0, endSchedule: () => {}, lateMs: () => null, giveUpWaiting: () => {}, stop };
}
