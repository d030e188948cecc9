import type { Client } from "undici";
import { LatencyHistogram } from "../../measure/latency.ts";
import type { LoadContext, LoadDriver } from "./load-driver.ts";
import type { InFlight } from "./tally.ts";
import { openClient, undiciSender } from "./undici-client.ts";

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
}: LoadContext): LoadDriver {
  const { rate = 1, timeoutSeconds, warmupSeconds, firstDueMs } = options;
  const timeoutMs = timeoutSeconds * 1000;
  const startMs = measuredFromMs - warmupSeconds * 1000 + firstDueMs;
  const late = LatencyHistogram.empty();
  const waiting: InFlight[] = [];
  const clients = Array.from({ length: options.connections }, () => openClient(options));
  const idle = [...clients];
  const send = undiciSender(options, tally);
  let untilMs = Number.POSITIVE_INFINITY;

  pacer?.start(rate, startMs - performance.now(), (index) => {
    const dueMs = startMs + (index * 1000) / rate;
    if (dueMs >= untilMs) return;
    const inFlight: InFlight = { request: nextRequest(), sentAt: dueMs, counted: counts(dueMs) };
    if (inFlight.counted) late.record(performance.now() - dueMs);
    const client = idle.pop();
    if (client) send(client, inFlight, () => release(client));
    else waiting.push(inFlight);
  });

  function release(client: Client): void {
    const expiredBeforeMs = performance.now() - timeoutMs;
    let next = waiting.shift();
    for (; next && next.sentAt <= expiredBeforeMs; next = waiting.shift()) tally.timeoutUnsent(next);
    const inFlight = next;
    // The next request is not sent inside undici's callback, where the client still counts as busy.
    if (inFlight) queueMicrotask(() => send(client, inFlight, () => release(client)));
    else idle.push(client);
  }

  return {
    backlog: () => waiting.length,
    endSchedule: (ms) => {
      untilMs = ms;
    },
    lateMs: (percentile) => (late.count === 0 ? null : late.at(percentile)),
    giveUpWaiting: () => {
      for (const inFlight of waiting.splice(0)) tally.timeoutUnsent(inFlight);
    },
    stop: async () => {
      untilMs = 0;
      waiting.length = 0;
      await pacer?.stop();
      await Promise.all(clients.map((client) => client.destroy()));
    },
  };
}
