import { Client } from "undici";
import { LatencyHistogram } from "../../measure/latency.ts";
import { Pacer } from "../../measure/pacer.ts";
import { type LoadContext, type LoadDriver, pathPrefix, toHttpRequest } from "./load-driver.ts";
import type { InFlight } from "./tally.ts";

const timeoutCodes = ["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT"];

/**
 * Sends each request when it is due, independent of earlier responses, and measures its latency from that time. When the
 * stack stalls, every request that becomes due during the stall has to wait; a closed model would not send them at all
 * ("coordinated omission", G. Tene). autocannon's own fixed rate (9.0.0) sends in bursts each second and estimates a
 * correction, so this file has its own schedule, on connections of undici. Requests without a free connection wait in
 * order. The schedule must start on time (docs/decisions.md#start-time-of-a-fixed-rate).
 */
export function driveFixedRate({
  options,
  tally,
  nextRequest,
  counts,
  measuredFromMs,
}: LoadContext): LoadDriver {
  const { rate = 1, timeoutSeconds, warmupSeconds } = options;
  const timeoutMs = timeoutSeconds * 1000;
  const startMs = measuredFromMs - warmupSeconds * 1000;
  const { origin } = new URL(options.endpoint);
  const prefix = pathPrefix(options.endpoint);
  const late = LatencyHistogram.empty();
  const waiting: InFlight[] = [];
  const clients = Array.from(
    { length: options.connections },
    () =>
      new Client(origin, {
        connect: { timeout: timeoutMs },
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        keepAliveTimeout: 60_000,
      }),
  );
  const idle = [...clients];
  let untilMs = Number.POSITIVE_INFINITY;

  const pacer = Pacer.start(rate, startMs - performance.now(), (index) => {
    const dueMs = startMs + (index * 1000) / rate;
    if (dueMs >= untilMs) return;
    const inFlight: InFlight = { request: nextRequest(), sentAt: dueMs, counted: counts(dueMs) };
    if (inFlight.counted) late.record(performance.now() - dueMs);
    const client = idle.pop();
    if (client) send(client, inFlight);
    else waiting.push(inFlight);
  });

  function send(client: Client, inFlight: InFlight): void {
    tally.send(inFlight);
    const response: Response = { status: 0, parts: [] };
    client.dispatch(toHttpRequest(inFlight.request, prefix), {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, status, headers) => {
        response.status = status;
        response.id = headers["x-request-id"]?.toString();
      },
      onResponseData: (_controller, chunk) => {
        response.parts.push(chunk);
      },
      onResponseEnd: () => {
        const body = Buffer.concat(response.parts).toString();
        tally.answer(inFlight, response.status, body, performance.now(), response.id);
        release(client);
      },
      onResponseError: (_controller, error: Error & { code?: string }) => {
        const code = error.code ?? error.name;
        const now = performance.now();
        if (timeoutCodes.includes(code)) tally.timeout(inFlight, now);
        else if (code === "UND_ERR_SOCKET") tally.closed(inFlight, false, now);
        else tally.connectionError(inFlight, code, now);
        release(client);
      },
    });
  }

  function release(client: Client): void {
    const next = waiting.shift();
    // The next request is not sent inside undici's callback, where the client still counts as busy.
    if (next) queueMicrotask(() => send(client, next));
    else idle.push(client);
  }

  return {
    backlog: () => waiting.length,
    endSchedule: (ms) => {
      untilMs = ms;
    },
    lateP99Ms: () => (late.count === 0 ? null : late.at(99)),
    stop: async () => {
      untilMs = 0;
      const notSent = waiting.filter((inFlight) => inFlight.counted).length;
      waiting.length = 0;
      await pacer.stop();
      await Promise.all(clients.map((client) => client.destroy()));
      return notSent;
    },
  };
}

interface Response {
  status: number;
  parts: Buffer[];
  id?: string | undefined;
}
