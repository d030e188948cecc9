import { STATUS_CODES } from "node:http";
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { LogLimit } from "../log-limit.ts";

/** Content type of every JSON response. */
export const jsonType = "application/json; charset=utf-8";

/** A non-2xx response, thrown as an error. The message is sent to the client. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly statusCode: number;

  constructor(statusCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.statusCode = statusCode;
  }
}

/**
 * A 503 because of too much load, with the time after which a client may retry. The part that refuses counts it. It is
 * logged at debug level only: refusing must be cheap.
 */
export class Refusal extends HttpError {
  override name = "Refusal";
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds = 1) {
    super(503, message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * Body of every 4xx and 5xx response.
 *
 * @param more further fields of one kind of error
 */
export function errorBody(status: number, message: string, requestId: string, more: object = {}): string {
  return JSON.stringify({ error: STATUS_CODES[status] ?? "Error", message, requestId, ...more });
}

/** Responds with an error. A 503 carries Retry-After. */
export function sendError(
  reply: FastifyReply,
  status: number,
  message: string,
  retryAfterSeconds = 1,
): FastifyReply {
  if (status === 503) reply.header("retry-after", String(retryAfterSeconds));
  if (hasMoreBody(reply.request)) readRestOf(reply.request, reply);
  return reply
    .code(status)
    .type(jsonType)
    .send(errorBody(status, message, reply.request.id));
}

/**
 * Returns Fastify's error handler. An error with a status is sent with its message; any other error becomes a 500 that
 * refers to the log. Statuses from 500 are logged with the request id: unexpected errors up to 20 times in 10 s for each
 * route, those of an outage once, since the part that is out reports the change itself.
 */
export function errorHandler(log: Pick<FastifyBaseLogger, "error" | "debug">, limit = new LogLimit()) {
  return (error: Partial<FastifyError & Refusal>, request: FastifyRequest, reply: FastifyReply): void => {
    const status = statusOf(error);
    if (status >= 500) {
      const facts = { err: error, requestId: request.id, method: request.method, url: request.url };
      if (error instanceof Refusal) log.debug(facts, "request refused");
      else {
        const kind = `${error.name} ${request.routeOptions.url}`;
        limit.run(kind, status === 503 ? 1 : 20, (more) =>
          log.error({ ...facts, ...more }, "request failed"),
        );
      }
    }
    const message = status === 500 ? undefined : error.message;
    sendError(
      reply,
      status,
      message ?? "the request failed; the log has the reason",
      error.retryAfterSeconds,
    );
  };
}

function statusOf(error: Partial<FastifyError> | null | undefined): number {
  const status = error?.statusCode ?? 500;
  return status >= 400 && status <= 599 ? status : 500;
}

function hasMoreBody({ raw }: FastifyRequest): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = raw.headers;
  return !raw.complete && (encoding !== undefined || (length !== undefined && length !== "0"));
}

const readRestForMs = 5_000;

/**
 * Reads and drops the rest of the body, for at most 5 s. Closing a connection with unread bytes resets it, and the client
 * might never see the response. Nginx calls this a lingering close.
 */
function readRestOf(request: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader("connection");
  const { raw } = request;
  raw.resume();
  const timer = setTimeout(() => raw.complete || raw.destroy(), readRestForMs);
  timer.unref();
  raw.once("close", () => clearTimeout(timer));
}
