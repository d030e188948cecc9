import { Client } from "undici";
import type { Connection, Renewal } from "./connection.ts";
import { type HttpForm, httpForm } from "./http-form.ts";
import type { ThreadOptions } from "./load-result.ts";
import { isExpected, type PlannedRequest, type ResponseHeaders } from "./planned-request.ts";
import type { InFlight, Tally } from "./tally.ts";
import { tlsOptions } from "./tls.ts";

const timeoutCodes = ["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT"];

interface Response {
  status: number;
  parts: Buffer[];
  headers: ResponseHeaders;
}

/** Opens a client with one connection, which it makes at the first request. */
export function openClient({
  endpoint,
  timeoutSeconds,
  tls,
}: Pick<ThreadOptions, "endpoint" | "timeoutSeconds" | "tls">): Client {
  const timeoutMs = timeoutSeconds * 1000;
  return new Client(new URL(endpoint).origin, {
    connect: { timeout: timeoutMs, ...(tls ? tlsOptions(tls) : {}) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 60_000,
  });
}

/** Opens the connections of a thread, which keep nothing. */
export function openConnections(options: ThreadOptions): Connection[] {
  return Array.from({ length: options.connections }, () => ({
    client: openClient(options),
    session: undefined,
  }));
}

/** The form of a request on a connection, with the session's cookies. */
export function formOn(
  { session }: Connection,
  request: PlannedRequest,
  toHttp: (request: PlannedRequest) => HttpForm,
): HttpForm {
  const form = toHttp(request);
  const cookie = session?.cookies?.header(form.path);
  if (cookie === undefined) return form;
  const { cookie: own } = form.headers;
  return { ...form, headers: { ...form.headers, cookie: own === undefined ? cookie : `${own}; ${cookie}` } };
}

/** Sends requests with undici and gives the outcomes to a tally. @param renewal of sessions, if there are any */
export function undiciSender(
  options: ThreadOptions,
  tally: Tally,
  renewal?: Renewal,
): (connection: Connection, inFlight: InFlight, done: () => void) => void {
  const toHttp = httpForm(options);
  const { keepAlive = true } = options;

  function dispatch(connection: Connection, inFlight: InFlight, done: () => void, isRenewed: boolean): void {
    const response: Response = { status: 0, parts: [], headers: {} };
    const form = formOn(connection, inFlight.request, toHttp);
    const answered = () => {
      const { status, headers } = response;
      const body = Buffer.concat(response.parts).toString();
      tally.answer(inFlight, status, body, performance.now(), headers["x-request-id"]?.toString(), headers);
      done();
    };
    // `reset` sends "Connection: close", and the next request opens a new connection.
    connection.client.dispatch(
      { ...form, reset: !keepAlive },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, status, headers) => {
          response.status = status;
          response.headers = headers;
          connection.session?.cookies?.store(headers["set-cookie"], form.path);
        },
        onResponseData: (_controller, chunk) => {
          response.parts.push(chunk);
        },
        onResponseEnd: () => {
          const isRefused = response.status === 401 && !isRenewed && !isExpected(inFlight.request, 401);
          if (isRefused && renewal?.mayRenew(connection))
            void sendAgain(connection, inFlight, { done, answered });
          else answered();
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
  }

  /** Sends a request again after the first requests of its session. It counts once, with the time of both. */
  async function sendAgain(
    connection: Connection,
    inFlight: InFlight,
    { done, answered }: { done: () => void; answered: () => void },
  ): Promise<void> {
    if (!(await renewal?.renew(connection))) return answered();
    const { request } = inFlight;
    inFlight.request = { ...request, ...request.renewed?.(), id: request.id };
    dispatch(connection, inFlight, done, true);
  }

  return (connection, inFlight, done) => {
    tally.send(inFlight);
    dispatch(connection, inFlight, done, false);
  };
}
