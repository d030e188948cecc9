import { Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendError } from "./http-errors.ts";

const bodyMethods = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/**
 * Answers 408 to who stops sending in the middle of a body. Node's own limit is for a whole request, however large its
 * body is; this one is for the time in which nothing arrives. For routes that are added later.
 */
export function limitSlowBodies(app: FastifyInstance, idleMs: number): void {
  const watch = (request: FastifyRequest, reply: FastifyReply, _body: unknown, done: () => void) => {
    const { raw } = request;
    raw.on("timeout", () => {
      if (raw.complete || reply.sent) return;
      reply.raw.once("finish", () => raw.destroy());
      sendError(reply, 408, "the body did not arrive in time");
    });
    // Node takes it off the connection when the request has its answer. A request that was injected has no real one.
    if (raw.socket instanceof Socket) raw.socket.setTimeout(idleMs);
    done();
  };
  app.addHook("onRoute", (route) => {
    if ([route.method].flat().some((method) => bodyMethods.has(method)))
      route.preParsing = [watch, ...[route.preParsing ?? []].flat()];
  });
}
