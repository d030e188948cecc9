import { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendError } from "./http-errors.ts";

const bodyMethods = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/**
 * Responds with 408 when a client stalls mid-body. Node.js limits only the whole request, however large its body is; this
 * limits the time without new bytes. Applies to routes registered after this call.
 *
 * @param idleMs longest pause within a body, in milliseconds
 */
export function limitSlowBodies(app: FastifyInstance, idleMs: number): void {
  const watch = (request: FastifyRequest, reply: FastifyReply, _body: unknown, done: () => void) => {
    const { raw } = request;
    raw.on("timeout", () => {
      if (raw.complete || reply.sent) return;
      reply.raw.once("finish", () => raw.destroy());
      sendError(reply, 408, "the body did not arrive in time");
    });
    // Node.js resets the time-out when the response ends. An injected request has no real socket.
    if (raw.socket instanceof Socket) raw.socket.setTimeout(idleMs);
    done();
  };
  app.addHook("onRoute", (route) => {
    if ([route.method].flat().some((method) => bodyMethods.has(method)))
      route.preParsing = [watch, ...[route.preParsing ?? []].flat()];
  });
}
