import { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendError } from "./http-errors.ts";

const bodyMethods = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** A client that sends a byte now and then would otherwise keep its connection for days. */
const slowestBytesPerMs = 1024 / 1000;

/**
 * Responds with 408 when a client stalls mid-body, or sends less than 1 KiB per second. Node.js limits only the whole
 * request, however large its body is; this limits the time without new bytes, and the bytes in each such time. Applies to
 * routes registered after this call.
 *
 * @param idleMs longest pause within a body, in milliseconds
 */
export function limitSlowBodies(app: FastifyInstance, idleMs: number): void {
  const watch = (request: FastifyRequest, reply: FastifyReply, _body: unknown, done: () => void) => {
    const { raw } = request;
    const refuse = () => {
      if (raw.complete || reply.sent) return;
      reply.raw.once("finish", () => raw.destroy());
      sendError(reply, 408, "the body did not arrive in time");
    };
    // An injected request has no real socket.
    if (raw.socket instanceof Socket) {
      raw.on("timeout", refuse);
      // Node.js resets the time-out when the response ends.
      raw.socket.setTimeout(idleMs);
      watchRate(raw, raw.socket, idleMs, refuse);
    }
    done();
  };
  app.addHook("onRoute", (route) => {
    if ([route.method].flat().some((method) => bodyMethods.has(method)))
      route.preParsing = [watch, ...[route.preParsing ?? []].flat()];
  });
}

function watchRate(raw: FastifyRequest["raw"], socket: Socket, everyMs: number, refuse: () => void): void {
  let read = socket.bytesRead;
  const timer = setInterval(() => {
    if (raw.complete) return clearInterval(timer);
    if (socket.bytesRead - read < everyMs * slowestBytesPerMs) refuse();
    read = socket.bytesRead;
  }, everyMs);
  timer.unref();
  raw.once("close", () => clearInterval(timer));
}
