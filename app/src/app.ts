import {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  fastify,
  LogController,
} from "fastify";
import { heavyTaskRoute } from "./domain/heavy-task.ts";
import { lightRoute } from "./domain/light.ts";
import type { UserStore } from "./domain/user-store.ts";
import { userRoutes } from "./domain/users.ts";
import type { ReadThroughCache } from "./runtime/cache/read-through.ts";
import { faultLabRoutes } from "./runtime/fault-lab.ts";
import type { Health } from "./runtime/health.ts";
import type { Metrics } from "./runtime/metrics.ts";
import { probeRoutes } from "./runtime/probes.ts";
import type { RouteTally } from "./runtime/request-tally.ts";
import type { TaskPool } from "./runtime/task-pool.ts";

export interface AppParts {
  log: FastifyBaseLogger;
  health: Pick<Health, "live" | "ready">;
  metrics: Pick<Metrics, "route">;
  users: Pick<UserStore, "find" | "save">;
  cache: Pick<ReadThroughCache, "read" | "invalidate">;
  heavy: Pick<TaskPool, "run">;
  /** Ends the process for POST /lab/exit; absent: the fault lab is closed. */
  labExit?: (code: number) => void;
}

/** Longer than Nginx keeps an idle upstream connection (60 s), so that the side that sends is the one that closes. */
const keepAliveTimeoutMs = 72_000;
const requestTimeoutMs = 30_000;

/** The public HTTP API. It listens when told to, and owns none of its parts. */
export function buildApp(parts: AppParts): FastifyInstance {
  const { log, health } = parts;
  const app = fastify({
    loggerInstance: log,
    // A line per request would cost more than most requests do; Nginx and the metrics tell.
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: "x-request-id",
    keepAliveTimeout: keepAliveTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // What arrives on an open connection while the server closes is answered like any other request.
    return503OnClosing: false,
  });
  // Whoever asked finds the answer again in the logs, and a load test knows whose answer it got.
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id);
    done();
  });
  // One logger for all requests: the few lines that are written name the request themselves.
  app.setChildLoggerFactory((logger) => logger);
  tallyRequests(app, parts.metrics);

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      log.error(
        { err: error, requestId: request.id, method: request.method, url: request.url },
        "request failed",
      );
    }
    sendError(reply, status, status === 500 ? "the request failed; the log tells why" : error.message);
  });

  lightRoute(app);
  userRoutes(app, parts.users, parts.cache);
  heavyTaskRoute(app, parts.heavy);
  probeRoutes(app, health);
  if (parts.labExit) faultLabRoutes(app, parts.labExit);
  return app;
}

function sendError(reply: FastifyReply, statusCode: number, message: string): void {
  if (statusCode === 503) reply.header("retry-after", "1");
  reply.code(statusCode).send({ statusCode, error: reasons[statusCode] ?? "Error", message });
}

const reasons: Record<number, string> = {
  400: "Bad Request",
  404: "Not Found",
  413: "Payload Too Large",
  415: "Unsupported Media Type",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

function tallyRequests(app: FastifyInstance, metrics: Pick<Metrics, "route">): void {
  const countInto = (tally: RouteTally) => (_request: unknown, reply: FastifyReply, done: () => void) => {
    tally.count(reply.statusCode, reply.elapsedTime / 1000);
    done();
  };
  app.addHook("onRoute", (route) => {
    for (const method of [route.method].flat()) {
      const own = [route.onResponse ?? []].flat();
      route.onResponse = [...own, countInto(metrics.route(method, route.url))];
    }
  });
  const unmatched = metrics.route("any", "unmatched");
  app.setNotFoundHandler((request, reply) => {
    unmatched.count(404, reply.elapsedTime / 1000);
    sendError(reply, 404, `there is no ${request.method} ${request.url.split("?", 1)[0]}`);
  });
}
