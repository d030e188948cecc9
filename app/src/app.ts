import type { ServerResponse } from "node:http";
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from "fastify";
import { domainRoutes, type RouteParts } from "./domain/routes.ts";
import { answerUnusualRequests, clientErrorHandler } from "./runtime/http/client-errors.ts";
import { errorHandler, sendError } from "./runtime/http/http-errors.ts";
import { MeasuredResponse } from "./runtime/http/measured-response.ts";
import { probeRoutes } from "./runtime/http/probes.ts";
import { RequestIds } from "./runtime/http/request-id.ts";
import { RouteMethods } from "./runtime/http/route-methods.ts";
import { limitSlowBodies } from "./runtime/http/slow-bodies.ts";
import { faultLabRoutes } from "./runtime/labs/fault-lab.ts";
import { leakLabRoutes } from "./runtime/labs/leak-lab.ts";
import type { Health } from "./runtime/lifecycle/health.ts";
import type { Shedding } from "./runtime/lifecycle/shedding.ts";
import type { Metrics } from "./runtime/metrics/metrics.ts";
import type { RouteStats } from "./runtime/metrics/route-stats.ts";

/** Everything that the HTTP API uses; the caller creates and closes it. */
export interface AppParts extends RouteParts {
  log: FastifyBaseLogger;
  /** Maximum size of a body that is not an upload. */
  bodyLimitBytes: number;
  health: Pick<Health, "live" | "ready" | "report">;
  shedding: Pick<Shedding, "active" | "refuse">;
  metrics: Pick<Metrics, "route">;
  /** Maximum pause within a body; default 30 seconds. */
  bodyIdleMs?: number;
  /** Ends the process for POST /lab/exit; if absent, the fault lab has no routes. */
  labExit?: (code: number) => void;
  /** Adds the routes that leak on purpose. */
  leakLab?: boolean;
  /** Runs before the routes exist, for example to collect their schemas. */
  beforeRoutes?: (app: FastifyInstance) => void;
}

/** Idle connections stay open longer than Nginx keeps them (55 s), so that no request meets a closing connection. */
export const keepAliveTimeoutMs = 72_000;
const headersTimeoutMs = 30_000;
/** More than Nginx passes on (33 KiB and its own headers), so that Nginx refuses larger ones under an id of its access log. */
const maxHeaderBytes = 48 * 1024;
const bodyIdleMs = 30_000;

/** Builds the public HTTP API. The caller makes it listen. */
export function buildApp(parts: AppParts): FastifyInstance {
  const { log, health } = parts;
  const requestIds = new RequestIds();
  const unreadable = parts.metrics.route("any", "unreadable");
  const clientErrors = { requestIds, count: (status: number) => unreadable.count(status, 0) };
  const handleError = errorHandler(log);
  const app = fastify({
    // A log line per request would cost more than most requests; Nginx's access log and the metrics have the facts.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds.idOf,
    // TypeBox builds valid schemas; checking them takes a tenth of the start time.
    // With strictNumbers, 1e999, which parses as Infinity, would pass every bound.
    ajv: { customOptions: { validateSchema: false, strictNumbers: false } },
    bodyLimit: parts.bodyLimitBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    // While the server closes, requests on open connections get their normal response.
    return503OnClosing: false,
    http: {
      ServerResponse: MeasuredResponse as unknown as typeof ServerResponse,
      headersTimeout: headersTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
      // Node.js would respond to a request without Host with a 400 that has no body.
      requireHostHeader: false,
    },
    clientErrorHandler: clientErrorHandler(clientErrors),
    // Fastify runs no hook for these errors.
    frameworkErrors: (error, request, reply) => {
      reply.header("x-request-id", request.id);
      countInto(unreadable, reply);
      handleError(error, request, reply);
    },
  });
  answerUnusualRequests(app.server, clientErrors);
  app.addHook("onRoute", (route) => {
    const { neverShed = false } = route.config ?? {};
    for (const method of [route.method].flat()) {
      const stats = parts.metrics.route(method, route.url);
      route.onRequest = [admit({ ...parts, stats, neverShed }), ...[route.onRequest ?? []].flat()];
    }
  });
  // Fastify's own parser accepts any text as a body; no route here takes text.
  app.removeContentTypeParser("text/plain");
  app.setErrorHandler(handleError);
  refuseUnmatched(app, parts);
  limitSlowBodies(app, parts.bodyIdleMs ?? bodyIdleMs);

  parts.beforeRoutes?.(app);
  domainRoutes(app, parts);
  probeRoutes(app, health);
  if (parts.labExit) faultLabRoutes(app, parts.labExit);
  if (parts.leakLab) leakLabRoutes(app);
  return app;
}

interface Admission extends Pick<AppParts, "log" | "shedding"> {
  stats: RouteStats;
  neverShed: boolean;
}

/** The first hook of every route, and the only one before the handlers: each hook costs time on every request. */
function admit({ log, shedding, stats, neverShed }: Admission) {
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    countInto(stats, reply);
    // One logger for all requests: the few lines that are logged include the request id themselves.
    request.log = log;
    reply.log = log;
    // Clients and load tests find the request in the logs by this id.
    reply.header("x-request-id", request.id);
    const { headers, httpVersionMinor } = request.raw;
    if (headers.host === undefined && httpVersionMinor === 1) {
      sendError(reply, 400, "the Host header is missing");
      return;
    }
    if (shedding.active && !neverShed) {
      const reason = shedding.refuse();
      if (reason !== undefined) {
        sendError(reply, 503, reason);
        return;
      }
    }
    done();
  };
}

function countInto(stats: RouteStats, reply: FastifyReply): void {
  (reply.raw as MeasuredResponse).routeStats = stats;
}

/**
 * Responds with 404 on an unknown path. On a known path, responds to OPTIONS with its methods in Allow, and with 405 to other
 * methods.
 */
function refuseUnmatched(app: FastifyInstance, parts: AppParts): void {
  const routes = new RouteMethods();
  app.addHook("onRoute", ({ method, url }) => {
    for (const name of [method].flat()) routes.add(name, url);
  });
  const admitUnmatched = admit({
    ...parts,
    stats: parts.metrics.route("any", "unmatched"),
    neverShed: false,
  });
  const refuse = (request: FastifyRequest, reply: FastifyReply): void => {
    admitUnmatched(request, reply, () => {
      const path = request.url.split("?", 1)[0] ?? "";
      const shown = path.slice(0, 200);
      const served = routes.methodsOf(path);
      if (served.length === 0) return sendError(reply, 404, `there is no ${request.method} ${shown}`);
      const methods = [...served, "OPTIONS"].sort();
      reply.header("allow", methods.join(", "));
      if (request.method === "OPTIONS") return reply.code(204).send();
      return sendError(reply, 405, `${shown} is served by ${methods.join(", ")} only`);
    });
  };
  // A hook runs before the body is read and parsed. Fastify accepts this hook here, but its types do not declare it.
  const hooks: object = { onRequest: refuse };
  app.setNotFoundHandler(hooks, refuse);
}
