import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { ProbeAnswer } from "../lifecycle/health.ts";
import { errorBody, jsonType } from "./http-errors.ts";
import { OperationRefused, type Operations, refusalStatus } from "./operations.ts";
import { RequestIds } from "./request-id.ts";

export interface InternalServerParts {
  health: { readonly live: ProbeAnswer; readonly ready: ProbeAnswer; readonly report?: ProbeAnswer };
  operations: Operations;
  /** Opens /internal/; not set: all of it is refused. */
  token: string | undefined;
  log: { error(facts: object, message: string): void };
}

interface Call {
  response: ServerResponse;
  query: URLSearchParams;
  /** What the route's pattern captured. */
  name: string;
  requestId: string;
}

type Handler = (call: Call) => void | Promise<void>;

/**
 * What the cluster and the operator ask of a pod, on a port that Nginx does not know: GET /livez, /readyz, /health and
 * /metrics for everyone there; with `Authorization: Bearer <token>` GET /internal/stats, /internal/memory,
 * /internal/heap-snapshots and /internal/heap-snapshots/:name, POST /internal/heap-snapshot?worker=, and
 * DELETE /internal/cache?pattern=. Errors are JSON: error, message, requestId.
 */
export function createInternalServer({ health, operations, token, log }: InternalServerParts): Server {
  const requestIds = new RequestIds();
  const probe =
    (answer: () => ProbeAnswer): Handler =>
    ({ response }) =>
      send(response, answer().status, jsonType, answer().body);

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
    const asked = query.get("worker");
    if (asked !== null && !/^[1-9]\d{0,3}$/.test(asked))
      throw new OperationRefused(400, "worker must be the number of a worker, from 1");
    const answer = await operations.takeSnapshot(asked === null ? undefined : Number(asked));
    if (answer.taken) return sendJson(response, 201, answer);
    sendError(response, 503, answer.reason, requestId, { figures: answer.figures });
  }

  async function download({ response, name }: Call): Promise<void> {
    const snapshot = await operations.openSnapshot(name);
    if (snapshot === undefined) throw new OperationRefused(404, `there is no snapshot ${name}`);
    response.writeHead(200, {
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="${name}"`,
    });
    await pipeline(snapshot, response);
  }

  async function clearCache({ response, query }: Call): Promise<void> {
    const pattern = query.get("pattern");
    if (!pattern) throw new OperationRefused(400, "pattern must name the keys, such as user:*");
    sendJson(response, 200, { pattern, cleared: await operations.clearCache(pattern) });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = requestIds.of(request);
    response.setHeader("x-request-id", requestId);
    const fail = (status: number, message: string) => sendError(response, status, message, requestId);
    const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s, 2);
    if (path.startsWith("/internal/")) {
      if (token === undefined)
        return fail(403, "INTERNAL_TOKEN is not set, so that nothing under /internal/ is answered");
      if (!holds(request, token)) {
        response.setHeader("www-authenticate", "Bearer");
        return fail(401, "Authorization: Bearer <INTERNAL_TOKEN> is missing or wrong");
      }
    }
    const onPath = routes.filter(([, pattern]) => pattern.test(path));
    if (onPath.length === 0) return fail(404, `there is no ${path}`);
    const asked = request.method === "HEAD" ? "GET" : request.method;
    const route = onPath.find(([method]) => method === asked);
    if (route === undefined) {
      const allowed = onPath.map(([method]) => method).join(", ");
      response.setHeader("allow", allowed);
      return fail(405, `only ${allowed} is served here`);
    }
    try {
      const [, pattern, handler] = route;
      const name = pattern.exec(path)?.[1] ?? "";
      await handler({ response, query: new URLSearchParams(query), name, requestId });
    } catch (error) {
      // The one who asked is gone, or has half of a file already: there is nothing left to answer.
      if (response.headersSent || response.destroyed) return void response.destroy();
      const status = refusalStatus(error);
      if (status !== undefined) return fail(status, (error as Error).message);
      log.error({ err: error, requestId, method: request.method, path }, "internal request failed");
      fail(500, "the request failed; the log tells why");
    }
  }

  return createServer((request, response) => void answer(request, response));
}

function holds(request: IncomingMessage, token: string): boolean {
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
