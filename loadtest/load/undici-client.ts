import { Client } from "undici";
import { pathPrefix, toHttpRequest } from "./load-driver.ts";
import type { ThreadOptions } from "./load-result.ts";
import type { InFlight, Tally } from "./tally.ts";
import { tlsOptions } from "./tls.ts";

const timeoutCodes = ["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT"];

interface Response {
  status: number;
  parts: Buffer[];
  id?: string | undefined;
}

/** Opens a client with one connection, which it makes at the first request. */
export function openClient({ endpoint, timeoutSeconds, tls }: ThreadOptions): Client {
  const timeoutMs = timeoutSeconds * 1000;
  return new Client(new URL(endpoint).origin, {
    connect: { timeout: timeoutMs, ...(tls ? tlsOptions(tls) : {}) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 60_000,
  });
}

/** Sends requests with undici and gives the outcomes to a tally. */
export function undiciSender(
  { endpoint, keepAlive = true }: ThreadOptions,
  tally: Tally,
): (client: Client, inFlight: InFlight, done: () => void) => void {
  const prefix = pathPrefix(endpoint);
  return (client, inFlight, done) => {
    tally.send(inFlight);
    const response: Response = { status: 0, parts: [] };
    // `reset` sends "Connection: close", and the next request opens a new connection.
    client.dispatch(
      { ...toHttpRequest(inFlight.request, prefix), reset: !keepAlive },
      {
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
          done();
        },
        onResponseError: (_controller, error: Error & { code?: string }) => {
          const code = error.code ?? error.name;
          const now = performance.now();
          if (timeoutCodes.includes(code)) tally.timeout(inFlight, now);
          else if (code === "UND_ERR_SOCKET") tally.closed(inFlight, false, now);
          else tally.connectionError(inFlight, code, now);
          done();
        },
      },
    );
  };
}
