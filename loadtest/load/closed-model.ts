import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { TLSSocket } from "node:tls";
import autocannon from "autocannon";
import { httpForm } from "./http-form.ts";
import { type LoadContext, type LoadDriver, unscheduled } from "./load-driver.ts";
import type { PlannedRequest } from "./planned-request.ts";
import type { InFlight } from "./tally.ts";
import { tlsOptions } from "./tls.ts";
import { driveUndiciClosedModel } from "./undici-closed-model.ts";

// autocannon drives the connections; this file times and counts the requests. autocannon's own numbers (9.0.0) are wrong:
// when a connection closes with a request in flight, that request stays at the head of the client's queue. Every later
// latency is then measured from the request before, and the lost request is never counted.

/** Parts of autocannon's client that its typings lack, as of the pinned version. */
interface ClientInternals extends EventEmitter {
  conn: Socket;
  parser: { reinitialize(type: "RESPONSE"): void };
}

interface Connection {
  inFlight?: InFlight;
  socket?: Socket;
  status: number;
  body: string;
  id: string | undefined;
  /** The last response had `Connection: close`. */
  closing: boolean;
  /** The request in flight was written after the server had announced the close. */
  sentIntoClosing: boolean;
}

/** Each connection sends its next request after the response to the last one: as much load as the connections carry. */
export function driveClosedModel(context: LoadContext): LoadDriver {
  const { options, tally, nextRequest, counts } = context;
  if (options.keepAlive === false || context.connections !== undefined)
    return driveUndiciClosedModel(context);
  const toHttp = httpForm(options);
  // autocannon builds a client's first request before it creates the client, and the others right after its "request" event.
  let firstRequest: PlannedRequest | undefined;
  let awaitingRequest: InFlight | undefined;

  function setupRequest(defaults: autocannon.Request): autocannon.Request {
    const planned = nextRequest();
    if (awaitingRequest) awaitingRequest.request = planned;
    else firstRequest = planned;
    awaitingRequest = undefined;
    return { ...defaults, ...toHttp(planned) };
  }

  function watch(typedClient: autocannon.Client): void {
    const client = typedClient as unknown as ClientInternals;
    const connection: Connection = {
      status: 0,
      body: "",
      id: undefined,
      closing: false,
      sentIntoClosing: false,
    };
    let opening = firstRequest;
    let lost: { inFlight: InFlight; announced: boolean } | undefined;

    client.on("request", () => {
      if (connection.socket !== client.conn) {
        retire(connection.socket);
        if (connection.socket) client.parser.reinitialize("RESPONSE");
        connection.socket = client.conn;
        if (options.tls?.insecure === false) refuseUnverified(client.conn);
        connection.closing = false;
        if (connection.inFlight) {
          const gone = { inFlight: connection.inFlight, announced: connection.sentIntoClosing };
          lost = gone;
          // After a time-out autocannon reconnects first and emits "timeout" in the same tick. That is no close.
          queueMicrotask(() => {
            if (lost === gone) tally.closed(gone.inFlight, gone.announced, performance.now());
          });
        }
      }
      const now = performance.now();
      const inFlight: InFlight = { request: opening ?? nothing, sentAt: now, counted: counts(now) };
      awaitingRequest = opening ? undefined : inFlight;
      opening = undefined;
      connection.inFlight = inFlight;
      connection.sentIntoClosing = connection.closing;
      connection.body = "";
      tally.send(inFlight);
    });
    client.on("headers", (info: { statusCode: number; shouldKeepAlive: boolean; headers: string[] }) => {
      connection.status = info.statusCode;
      connection.id = headerOf(info.headers, "x-request-id");
      connection.closing = !info.shouldKeepAlive;
    });
    client.on("body", (chunk: Buffer) => {
      connection.body += chunk;
    });
    client.on("response", () => {
      if (connection.inFlight)
        tally.answer(
          connection.inFlight,
          connection.status,
          connection.body,
          performance.now(),
          connection.id,
        );
      connection.inFlight = undefined;
    });
    client.on("timeout", () => {
      if (lost) tally.timeout(lost.inFlight, performance.now());
      lost = undefined;
    });
    client.on("connError", (error: NodeJS.ErrnoException) => {
      if (connection.inFlight) {
        if (connection.sentIntoClosing) tally.closed(connection.inFlight, true, performance.now());
        else tally.connectionError(connection.inFlight, error.code ?? error.message, performance.now());
      }
      connection.inFlight = undefined;
    });
  }

  const instance = autocannon(
    {
      url: options.endpoint,
      connections: options.connections,
      // stop() ends the load. This is only a safety limit.
      duration: options.warmupSeconds + options.durationSeconds + options.timeoutSeconds + 60,
      timeout: options.timeoutSeconds,
      sampleInt: 100,
      requests: [{ setupRequest }],
      setupClient: watch,
      ...(options.tls ? { tlsOptions: tlsOptions(options.tls) } : {}),
      ...(options.tls?.serverName === undefined ? {} : { servername: options.tls.serverName }),
    },
    () => {},
  );
  return unscheduled(async () => {
    (instance as { stop(): void }).stop();
  });
}

/** autocannon accepts every certificate. This ends a connection whose certificate the options do not accept. */
function refuseUnverified(socket: Socket): void {
  socket.once("secureConnect", () => {
    const { authorized, authorizationError } = socket as TLSSocket;
    if (!authorized) socket.destroy(Object.assign(new Error("certificate"), { code: authorizationError }));
  });
}

/** @param headers names and values in turn, as Node's HTTP parser has them */
function headerOf(headers: readonly string[], name: string): string | undefined {
  const index = headers.findIndex((text, at) => at % 2 === 0 && text.toLowerCase() === name);
  return index < 0 ? undefined : headers[index + 1];
}

const nothing: PlannedRequest = { id: "", kind: "light", method: "GET", path: "/", verify: () => true };

/** Silences a socket that was replaced. A late error of it would make autocannon connect twice. */
function retire(socket: Socket | undefined): void {
  if (!socket) return;
  socket.removeAllListeners("data").removeAllListeners("end").removeAllListeners("error");
  socket.on("error", () => {});
  socket.destroy();
}
