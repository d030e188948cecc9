import { Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";

/** GET /light: the cheapest possible response. */
export function lightRoute(app: FastifyInstance): void {
  const schema = { response: { 200: Type.Object({ ok: Type.Boolean() }) } };
  app.get("/light", { schema }, (_request, reply) => {
    reply.send({ ok: true });
  });
}
