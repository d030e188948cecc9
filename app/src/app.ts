import type { ServerResponse } from "node:http";
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from "fastify";
import { heavyTaskRoute } from "./domain/heavy-task.ts";
import { lightRoute } from "./domain/light.ts";
import { type UploadParts, uploadRoute } from "./domain/upload.ts";
import type { UserStore } from "./domain/users/user-store.ts";
import { userRoutes } from "./domain/users/users.ts";
import type { Cache } from "./runtime/cache/cache.ts";
import type { TaskPool } from "./runtime/cpu-pool/cpu-pool.ts";
import { answerUnusualRequests, clientErrorHandler } from "./runtime/http/client-errors.ts";
import { errorHandler, sendError } from "./runtime/http/http-errors.ts";
import { TalliedResponse } from "./runtime/http/measured-response.ts";
import { probeRoutes } from "./runtime/http/probes.ts";
import { RequestIds } from "./runtime/http/request-id.ts";
import { RouteMethods } from "./runtime/http/route-methods.ts";
import { limitSlowBodies } from "./runtime/http/slow-bodies.ts";
import { faultLabRoutes } from "./runtime/labs/fault-lab.ts";
import { leakLabRoutes } from "./runtime/labs/leak-lab.ts";
import type { Health } from "./runtime/lifecycle/health.ts";
import type { Shedding } from "./runtime/lifecycle/shedding.ts";
import type { Metrics } from "./runtime/metrics/metrics.ts";
import type { RouteTally } from "./runtime/metrics/route-stats.ts";

export interface AppParts {
  log: FastifyBaseLogger;
  /** Most of a body that is no upload. */
  bodyLimitBytes: number;
  health: Pick<Health, "live" | "ready" | "report">;
  shedding: Pick<Shedding, "active" | "refuse">;
  metrics: Pick<Metrics, "route">;
  users: Pick<UserStore, "find" | "findMany" | "save">;
  cache: Pick<Cache, "read" | "readMany" | "invalidate">;
  heavy: Pick<TaskPool, "run">;
  uploads: UploadParts;
  /** Longest pause in the middle of a body; 30 seconds. */
  bodyIdleMs?: number;
  /** Ends the process for POST /lab/exit; absent: the fault lab is closed. */
  labExit?: (code: number) => void;
  /** Opens the routes that leak on purpose. */
  leakLab?: boolean;
}

/** Longer than Nginx keeps an idle upstream connection (60 s), so that the side that sends is the one that closes. */
const keepAliveTimeoutMs = 72_000;
const headersTimeoutMs = 30_000;
const bodyIdleMs = 30_000;

/** The public HTTP API. It listens when told to, and owns none of its parts. */
export function buildApp(parts: AppParts): FastifyInstance {
  const { log, health } = parts;
  const requestIds = new RequestIds();
  const unreadable = parts.metrics.route("any", "unreadable");
  const clientErrors = { requestIds, count: (status: number) => unreadable.count(status, 0) };
  const answerError = errorHandler(log);
  const app = fastify({
    // A line per request would cost more than most requests do; Nginx and the metrics tell.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds.of,
    // Schemas are made by TypeBox, and so are valid; to check them costs a tenth of the time to start.
    // And with strictNumbers, a text that is read as Infinity (1e999) would be held against no bound at all.
    ajv: { customOptions: { validateSchema: false, strictNumbers: false } },
    bodyLimit: parts.bodyLimitBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    // What arrives on an open connection while the server closes is answered like any other request.
    return503OnClosing: false,
    http: {
      ServerResponse: TalliedResponse as unknown as typeof ServerResponse,
      headersTimeout: headersTimeoutMs,
      // Node would answer a request without a host by a bare 400.
      requireHostHeader: false,
    },
    clientErrorHandler: clientErrorHandler(clientErrors),
    // No hook sees these.
    frameworkErrors: (error, request, reply) => {
      reply.header("x-request-id", request.id);
      tallyInto(unreadable, reply);
      answerError(error, request, reply);
    },
  });
  answerUnusualRequests(app.server, clientErrors);
  app.addHook("onRoute", (route) => {
    const { neverShed = false } = route.config ?? {};
    for (const method of [route.method].flat()) {
      const tally = parts.metrics.route(method, route.url);
      route.onRequest = [admit({ ...parts, tally, neverShed }), ...[route.onRequest ?? []].flat()];
    }
  });
  // Fastify's own takes any text as body, which no route here does.
  app.removeContentTypeParser("text/plain");
  app.setErrorHandler(answerError);
  answerUnmatched(app, parts);
  limitSlowBodies(app, parts.bodyIdleMs ?? bodyIdleMs);

  lightRoute(app);
  userRoutes(app, parts.users, parts.cache);
  heavyTaskRoute(app, parts.heavy);
  uploadRoute(app, parts.uploads);
  probeRoutes(app, health);
  if (parts.labExit) faultLabRoutes(app, parts.labExit);
  if (parts.leakLab) leakLabRoutes(app);
  return app;
}

/** What every request for a route passes first. It is the only hook in front of the handlers: each one costs. */
function admit(of: Pick<AppParts, "log" | "shedding"> & { tally: RouteTally; neverShed: boolean }) {
  const { log, shedding, tally, neverShed } = of;
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    tallyInto(tally, reply);
    // One logger for all requests: the few lines that are written name the request themselves.
    request.log = log;
    reply.log = log;
    // Whoever asked finds the answer again in the logs, and a load test knows whose answer it got.
    reply.header("x-request-id", request.id);
    const { headers, httpVersionMinor } = request.raw;
    if (headers.host === undefined && httpVersionMinor === 1) {
      sendError(reply, 400, "the Host header is missing");
      return;
    }
    if (shedding.active && !neverShed) {
      const why = shedding.refuse();
      if (why !== undefined) {
        sendError(reply, 503, why);
        return;
      }
    }
    done();
  };
}

function tallyInto(tally: RouteTally, reply: FastifyReply): void {
  (reply.raw as TalliedResponse).tally = tally;
}

/** A path that is not served is 404; one that is, but not by this method, 405. */
function answerUnmatched(app: FastifyInstance, parts: AppParts): void {
  const routes = new RouteMethods();
  app.addHook("onRoute", ({ method, url }) => {
    for (const each of [method].flat()) routes.add(each, url);
  });
  const admitted = admit({ ...parts, tally: parts.metrics.route("any", "unmatched"), neverShed: false });
  const refuse = (request: FastifyRequest, reply: FastifyReply): void => {
    admitted(request, reply, () => {
      const path = request.url.split("?", 1)[0] ?? "";
      const shown = path.slice(0, 200);
      const methods = routes.at(path);
      if (methods.length === 0) return sendError(reply, 404, `there is no ${request.method} ${shown}`);
      reply.header("allow", methods.join(", "));
      return sendError(reply, 405, `${shown} is served by ${methods.join(", ")} only`);
    });
  };
  // Not after its body was read and understood. Fastify takes this hook here too, but its types do not tell.
  const before: object = { onRequest: refuse };
  app.setNotFoundHandler(before, refuse);
}
