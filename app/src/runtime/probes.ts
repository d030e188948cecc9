import type { FastifyInstance } from "fastify";
import type { Health, ProbeAnswer } from "./health.ts";

/** GET /livez and /readyz, as on the internal port. */
export function probeRoutes(app: FastifyInstance, health: Pick<Health, "live" | "ready">): void {
  const probe = (path: string, answer: () => ProbeAnswer) =>
    app.get(path, (_request, reply) => {
      const { status, body } = answer();
      reply.code(status).type("application/json; charset=utf-8").send(body);
    });
  probe("/livez", () => health.live);
  probe("/readyz", () => health.ready);
}
