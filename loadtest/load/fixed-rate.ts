import { LatencyHistogram } from "../../measure/latency.ts";
import type { Connection } from "./connection.ts";
import type { LoadContext, LoadDriver } from "./load-driver.ts";
import type { PlannedRequest } from "./planned-request.ts";
import { openConnections, undiciSender } from "./undici-client.ts";

/**
 * Sends each request when it is due, independent of earlier responses, and measures its latency from that time. When the
 * stack stalls, every request that becomes due during the stall has to wait; a closed model would not send them at all
 * ("coordinated omission", G. Tene). autocannon's own fixed rate (9.0.0) sends in bursts each second and estimates a
 * correction, so this file has its own schedule, on connections of undici. Requests without a free connection wait in
 * order, and time out there. The schedule must start on time (docs/decisions.md#start-time-of-a-fixed-rate).
 */
export function driveFixedRate({
  options,
  tally,
  nextRequest,
  counts,
  measuredFromMs,
  pacer,
  connections: opened,
  renewal,
}: LoadContext): LoadDriver {
  const { rate = 1, timeoutSeconds, warmupSeconds, firstDueMs } = options;
  const timeoutMs = timeoutSeconds * 1000;
  const startMs = measuredFromMs - warmupSeconds * 1000 + firstDueMs;
  const late = LatencyHistogram.empty();
  /** Due times of requests without a free connection. A request is made for the session of the connection that sends it. */
  const waiting: number[] = [];
  const connections = opened ?? openConnections(options);
  const idle = [...connections];
  const send = undiciSender(options, tally, renewal);
  let untilMs = Number.POSITIVE_INFINITY;

  pacer?.start(rate, startMs - performance.now(), (index) => {
    const dueMs = startMs + (index * 1000) / rate;
    if (dueMs >= untilMs) return;
    // Sessions take turns, as users do. Otherwise the connection that was used last is the cheapest.
    const connection = opened === undefined ? idle.pop() : idle.shift();
    const request = connection && nextRequest(connection.session);
    if (counts(dueMs)) late.record(performance.now() - dueMs);
    if (request) sendDue(connection, request, dueMs);
    else waiting.push(dueMs);
  });

  function sendDue(connection: Connection, request: PlannedRequest, dueMs: number): void {
    send(connection, { request, sentAt: dueMs, counted: counts(dueMs) }, () => release(connection));
  }

  function release(connection: Connection): void {
    const expiredBeforeMs = performance.now() - timeoutMs;
    let next = waiting.shift();
    for (; next !== undefined && next <= expiredBeforeMs; next = waiting.shift()) giveUp(next);
    const dueMs = next;
    // The next request is not sent inside undici's callback, where the client still counts as busy.
    if (dueMs === undefined) idle.push(connection);
    else queueMicrotask(() => sendDue(connection, nextRequest(connection.session), dueMs));
  }

  function giveUp(dueMs: number): void {
    tally.timeoutUnsent(dueMs, counts(dueMs));
  }

  return {
    backlog: () => waiting.length,
    endSchedule: (ms) => {
      untilMs = ms;
    },
    lateMs: (percentile) => (late.count === 0 ? null : late.at(percentile)),
    giveUpWaiting: () => {
      waiting.splice(0).forEach(giveUp);
    },
    stop: async () => {
      untilMs = 0;
      waiting.length = 0;
      await pacer?.stop();
      await Promise.all(connections.map(({ client }) => client.destroy()));
    },
  };
}
