import { STATUS_CODES } from "node:http";
import type { FastifyBaseLogger, FastifyError, FastifyReply, FastifyRequest } from "fastify";

/** What JSON is sent as, everywhere alike. */
export const jsonType = "application/json; charset=utf-8";

/** An answer that is not 2xx, to be thrown by who finds that it must be. Its message is told to the client. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly statusCode: number;

  constructor(statusCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.statusCode = statusCode;
  }
}

/**
 * Too much to do at the moment: 503, with the time after which a client may come again. Counted by who refuses, and
 * not logged one by one: refusing must cost little.
 */
export class Refusal extends HttpError {
  override name = "Refusal";
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds = 1) {
    super(503, message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What every answer that is not 2xx or 3xx has as its body, with more facts where a kind of error has some. */
export function errorBody(status: number, message: string, requestId: string, more: object = {}): string {
  return JSON.stringify({ error: STATUS_CODES[status] ?? "Error", message, requestId, ...more });
}

/** Answers with an error. A 503 tells when to come again. */
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
 * Turns what was thrown into an answer: the message of an error that has a status, and for all else no more than that
 * the log knows. What is the server's fault is logged under the request's id.
 */
export function errorHandler(log: Pick<FastifyBaseLogger, "error" | "debug">) {
  return (error: Partial<FastifyError & Refusal>, request: FastifyRequest, reply: FastifyReply): void => {
    const status = statusOf(error);
    if (status >= 500) {
      const facts = { err: error, requestId: request.id, method: request.method, url: request.url };
      if (error instanceof Refusal) log.debug(facts, "request refused");
      else log.error(facts, "request failed");
    }
    const message = status === 500 ? undefined : error.message;
    sendError(reply, status, message ?? "the request failed; the log tells why", error.retryAfterSeconds);
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
 * Lets the client finish sending what is not wanted, for a while: a connection that is closed with bytes unread is reset,
 * and the client may never see why. This is what Nginx calls a lingering close.
 */
function readRestOf(request: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader("connection");
  const { raw } = request;
  raw.resume();
  const timer = setTimeout(() => raw.complete || raw.destroy(), readRestForMs);
  timer.unref();
  raw.once("close", () => clearTimeout(timer));
}
