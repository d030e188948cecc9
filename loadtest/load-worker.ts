import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { parentPort, workerData } from "node:worker_threads";
import autocannon from "autocannon";
import { seededRandom } from "../measure/random.ts";
import type { LoadMessage, LoadOptions, SecondOfLoad } from "./load.ts";
import { type PlannedRequest, requestSource } from "./scenarios.ts";
import { type InFlight, Tally } from "./tally.ts";

// autocannon drives the connections; what became of each request is timed and counted here. Its own figures (9.0.0)
// will not do: when a connection closes with a request on it, that request stays at the head of the client's queue, so
// every later latency is measured from one request too early, and the lost one is counted nowhere.

const options = workerData as LoadOptions;
const port = parentPort;
if (!port) throw new Error("load-worker.ts runs as a worker thread of load.ts");
const post = (message: LoadMessage) => port.postMessage(message);

/** What this file reads of autocannon's client beyond its typings, as of the pinned version. */
interface ClientInternals extends EventEmitter {
  conn: Socket;
  parser: { reinitialize(type: "RESPONSE"): void };
}

interface Connection {
  inFlight?: InFlight;
  socket?: Socket;
  status: number;
  body: string;
  /** The last answer said `Connection: close`. */
  closing: boolean;
  /** The request in flight was written after the server had announced the close. */
  sentIntoClosing: boolean;
}

const tally = new Tally();
const seconds: SecondOfLoad[] = [];
const nextRequest = requestSource(options.scenario, options.users, seededRandom(options.seed));
let phase: "warmup" | "measured" | "over" = options.warmupSeconds > 0 ? "warmup" : "measured";
let interrupted = false;

// autocannon builds a client's first request before the client is known, all others right after its "request" event.
let firstRequest: PlannedRequest | undefined;
let asking: InFlight | undefined;

function setupRequest(defaults: autocannon.Request): autocannon.Request {
  const planned = nextRequest();
  if (asking) asking.request = planned;
  else firstRequest = planned;
  asking = undefined;
  return { ...defaults, method: planned.method, path: planned.path, ...bodyOf(planned) };
}

function bodyOf({ body }: PlannedRequest): Pick<autocannon.Request, "headers" | "body"> {
  return body === undefined ? {} : { headers: { "content-type": "application/json" }, body };
}

function watch(typedClient: autocannon.Client): void {
  const client = typedClient as unknown as ClientInternals;
  const connection: Connection = { status: 0, body: "", closing: false, sentIntoClosing: false };
  let opening = firstRequest;
  let lost: { inFlight: InFlight; announced: boolean } | undefined;

  client.on("request", () => {
    if (connection.socket !== client.conn) {
      retire(connection.socket);
      if (connection.socket) client.parser.reinitialize("RESPONSE");
      connection.socket = client.conn;
      connection.closing = false;
      if (connection.inFlight) {
        const gone = { inFlight: connection.inFlight, announced: connection.sentIntoClosing };
        lost = gone;
        // A time-out reconnects first and is told right after, in the same turn: then it is no close.
        queueMicrotask(() => {
          if (lost === gone) tally.closed(gone.inFlight, gone.announced);
        });
      }
    }
    const inFlight: InFlight = {
      request: opening ?? nothing,
      sentAt: performance.now(),
      counted: phase === "measured",
    };
    asking = opening ? undefined : inFlight;
    opening = undefined;
    connection.inFlight = inFlight;
    connection.sentIntoClosing = connection.closing;
    connection.body = "";
    tally.send(inFlight);
  });
  client.on("headers", (info: { statusCode: number; shouldKeepAlive: boolean }) => {
    connection.status = info.statusCode;
    connection.closing = !info.shouldKeepAlive;
  });
  client.on("body", (chunk: Buffer) => {
    connection.body += chunk;
  });
  client.on("response", () => {
    if (connection.inFlight)
      tally.answer(connection.inFlight, connection.status, connection.body, performance.now());
    connection.inFlight = undefined;
  });
  client.on("timeout", () => {
    if (lost) tally.timeout(lost.inFlight);
    lost = undefined;
  });
  client.on("connError", (error: NodeJS.ErrnoException) => {
    if (connection.inFlight) {
      if (connection.sentIntoClosing) tally.closed(connection.inFlight, true);
      else tally.connectionError(connection.inFlight, error.code ?? error.message);
    }
    connection.inFlight = undefined;
  });
}

const nothing: PlannedRequest = { kind: "light", method: "GET", path: "/", verify: () => true };

/** A socket that was replaced must not speak any more: a late error of it would make autocannon connect twice. */
function retire(socket: Socket | undefined): void {
  if (!socket) return;
  socket.removeAllListeners("data").removeAllListeners("end").removeAllListeners("error");
  socket.on("error", () => {});
  socket.destroy();
}

const lastMs = (options.warmupSeconds + options.durationSeconds + options.timeoutSeconds) * 1000;
const instance = autocannon(
  {
    url: options.endpoint,
    connections: options.connections,
    // Ended by stop(), this is only the fence behind it.
    duration: lastMs / 1000 + 60,
    timeout: options.timeoutSeconds,
    sampleInt: 100,
    requests: [{ setupRequest }],
    setupClient: watch,
  },
  () => port.close(),
);

const startedAt = Date.now() + options.warmupSeconds * 1000;
const startMs = performance.now() + options.warmupSeconds * 1000;
let measuredMs = 0;
let busyFrom = performance.eventLoopUtilization();
let secondFromMs = performance.now();

let ticker = setInterval(endSecond, 1000);

function endSecond(): void {
  const nowMs = performance.now();
  const figures = tally.endSecond(Math.round((nowMs - startMs) / 100) / 10, (nowMs - secondFromMs) / 1000);
  secondFromMs = nowMs;
  if (phase === "measured") seconds.push(figures);
  post({ type: "second", warmup: phase === "warmup", figures });
}

function endMeasuring(): void {
  if (phase === "over") return;
  clearTimeout(end);
  clearInterval(ticker);
  // The last tick and the end fall together; only a run that was stopped leaves a part of a second, too short to plot.
  if (phase === "measured" && performance.now() - secondFromMs > 500) endSecond();
  measuredMs = Math.max(0, performance.now() - startMs);
  phase = "over";
  const busy = performance.eventLoopUtilization(busyFrom).utilization;
  // Every counted request gets its chance to be answered; the others go on loading the stack meanwhile.
  const givenUpMs = performance.now() + (interrupted ? 500 : options.timeoutSeconds * 1000 + 200);
  const drain = setInterval(() => {
    if (tally.outstanding > 0 && performance.now() < givenUpMs) return;
    clearInterval(drain);
    finish(busy);
  }, 10);
}

function finish(generatorUtilization: number): void {
  tally.errors.unfinished = tally.outstanding;
  post({
    type: "done",
    histogram: tally.latency.encode(),
    result: {
      scenario: options.scenario.name,
      startedAt,
      durationSeconds: measuredMs / 1000,
      connections: options.connections,
      sent: tally.sent,
      completed: tally.completed,
      failed: tally.failed,
      errors: tally.errors,
      resent: tally.resent,
      requestsPerSecond: measuredMs > 0 ? tally.completed / (measuredMs / 1000) : 0,
      seconds,
      generatorUtilization,
      interrupted,
    },
  });
  (instance as { stop(): void }).stop();
}

if (phase === "warmup") {
  setTimeout(() => {
    if (phase === "over") return;
    clearInterval(ticker);
    endSecond();
    phase = "measured";
    ticker = setInterval(endSecond, 1000);
    busyFrom = performance.eventLoopUtilization();
  }, options.warmupSeconds * 1000);
}
const end = setTimeout(endMeasuring, (options.warmupSeconds + options.durationSeconds) * 1000);
port.on("message", () => {
  interrupted = true;
  endMeasuring();
});
