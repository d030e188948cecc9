import { Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import "../runtime/http/route-documentation.ts";

/** GET /light: the cheapest possible response. */
export function lightRoute(app: FastifyInstance): void {
  const schema = { response: { 200: Type.Object({ ok: Type.Boolean() }) } };
  const config = { documentation: { summary: "the cheapest possible response" } };
  app.get("/light", { schema, config }, (_request, reply) => {
    reply.send({ ok: true });
  });
}
