import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { ProbeResponse } from "../lifecycle/health.ts";
import { readSecretFile } from "../process/secret-file.ts";
import { errorBody, jsonType } from "./http-errors.ts";
import { OperationRefused, type Operations, refusalStatus } from "./operations.ts";
import { RequestIds } from "./request-id.ts";

/** Parts that the internal server uses. */
export interface InternalServerParts {
  health: { readonly live: ProbeResponse; readonly ready: ProbeResponse; readonly report?: ProbeResponse };
  operations: Operations;
  /** Bearer token for /internal/; if undefined, everything under it is refused. */
  token: string | undefined;
  /** File with a second valid token, read at each request. */
  tokenFile?: string;
  log: { error(facts: object, message: string): void };
}

interface Call {
  response: ServerResponse;
  query: URLSearchParams;
  /** Capture of the route's pattern. */
  name: string;
  requestId: string;
  /** Only the headers are sent. */
  isHead: boolean;
}

type Handler = (call: Call) => void | Promise<void>;

/**
 * Creates the server of the internal port, which Nginx does not proxy. Without a token: GET /livez, /readyz, /health and
 * /metrics. With `Authorization: Bearer <token>`: GET /internal/stats, /internal/memory, /internal/heap-snapshots and
 * /internal/heap-snapshots/:name, POST /internal/heap-snapshot?worker=, and DELETE /internal/cache?pattern=. Errors are
 * JSON: error, message, requestId.
 */
export function createInternalServer({
  health,
  operations,
  token,
  tokenFile,
  log,
}: InternalServerParts): Server {
  const requestIds = new RequestIds();
  const probe =
    (read: () => ProbeResponse): Handler =>
    ({ response }) =>
      send(response, read().status, jsonType, read().body);

  const routes: [method: string, path: RegExp, handler: Handler][] = [
    ["GET", /^\/livez$/, probe(() => health.live)],
    ["GET", /^\/readyz$/, probe(() => health.ready)],
    ["GET", /^\/health$/, probe(() => health.report ?? health.ready)],
    [
      "GET",
      /^\/metrics$/,
      async ({ response }) => send(response, 200, operations.metricsContentType, await operations.metrics()),
    ],
    ["GET", /^\/internal\/stats$/, async ({ response }) => sendJson(response, 200, await operations.stats())],
    [
      "GET",
      /^\/internal\/memory$/,
      async ({ response }) => sendJson(response, 200, await operations.memory()),
    ],
    ["POST", /^\/internal\/heap-snapshot$/, takeSnapshot],
    [
      "GET",
      /^\/internal\/heap-snapshots$/,
      async ({ response }) => sendJson(response, 200, await operations.listSnapshots()),
    ],
    ["GET", /^\/internal\/heap-snapshots\/([\w-][\w.-]*)$/, download],
    ["DELETE", /^\/internal\/cache$/, clearCache],
  ];

  async function takeSnapshot({ response, query, requestId }: Call): Promise<void> {
    const worker = query.get("worker");
    if (worker !== null && !/^[1-9]\d{0,3}$/.test(worker))
      throw new OperationRefused(400, "worker must be the number of a worker, from 1");
    const result = await operations.takeSnapshot(worker === null ? undefined : Number(worker));
    if (result.taken) return sendJson(response, 201, result);
    sendError(response, 503, result.reason, requestId, { figures: result.numbers });
  }

  async function download({ response, name, isHead }: Call): Promise<void> {
    const snapshot = await operations.findSnapshot(name);
    if (snapshot === undefined) throw new OperationRefused(404, `there is no snapshot ${name}`);
    response.writeHead(200, {
      "content-type": "application/octet-stream",
      "content-length": snapshot.bytes,
      "content-disposition": `attachment; filename="${name}"`,
    });
    if (isHead) response.end();
    else await pipeline(await snapshot.open(), response);
  }

  async function clearCache({ response, query }: Call): Promise<void> {
    const pattern = query.get("pattern");
    if (!pattern) throw new OperationRefused(400, "pattern must name the keys, such as user:*");
    sendJson(response, 200, { pattern, cleared: await operations.clearCache(pattern) });
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIds.idOf(request);
    response.setHeader("x-request-id", requestId);
    const fail = (status: number, message: string) => sendError(response, status, message, requestId);
    const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s, 2);
    if (path.startsWith("/internal/")) {
      if (token === undefined)
        return fail(403, "INTERNAL_TOKEN is not set, so everything under /internal/ is refused");
      if (!hasToken(request, token) && !hasToken(request, readSecretFile(tokenFile))) {
        response.setHeader("www-authenticate", "Bearer");
        return fail(401, "Authorization: Bearer <INTERNAL_TOKEN> is missing or wrong");
      }
    }
    const onPath = routes.filter(([, pattern]) => pattern.test(path));
    if (onPath.length === 0) return fail(404, `there is no ${path}`);
    const requested = request.method === "HEAD" ? "GET" : request.method;
    const route = onPath.find(([method]) => method === requested);
    if (route === undefined) {
      const allowed = onPath.map(([method]) => method).join(", ");
      response.setHeader("allow", allowed);
      return fail(405, `only ${allowed} is served here`);
    }
    try {
      const [, pattern, handler] = route;
      const name = pattern.exec(path)?.[1] ?? "";
      const isHead = request.method === "HEAD";
      await handler({ response, query: new URLSearchParams(query), name, requestId, isHead });
    } catch (error) {
      // The client is gone or has received a part of a file: no error response can be sent.
      if (response.headersSent || response.destroyed) return void response.destroy();
      const status = refusalStatus(error);
      if (status !== undefined) return fail(status, (error as Error).message);
      log.error({ err: error, requestId, method: request.method, path }, "internal request failed");
      fail(500, "the request failed; the log has the reason");
    }
  }

  return createServer((request, response) => void respond(request, response));
}

function hasToken(request: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return false;
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ""), digest(`Bearer ${token}`));
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, jsonType, JSON.stringify(body));
}

function sendError(
  response: ServerResponse,
  status: number,
  message: string,
  requestId: string,
  more: object = {},
): void {
  send(response, status, jsonType, errorBody(status, message, requestId, more));
}
