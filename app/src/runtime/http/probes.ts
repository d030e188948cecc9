import type { FastifyInstance } from "fastify";
import type { Health, ProbeAnswer } from "../lifecycle/health.ts";
import { jsonType } from "./http-errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answered also while other requests are refused. */
    neverShed?: boolean;
  }
}

/** GET /livez, /readyz and /health, as on the internal port. Always answered. */
export function probeRoutes(app: FastifyInstance, health: Pick<Health, "live" | "ready" | "report">): void {
  const probe = (path: string, answer: () => ProbeAnswer) =>
    app.get(path, { config: { neverShed: true } }, (_request, reply) => {
      const { status, body } = answer();
      reply.code(status).type(jsonType).send(body);
    });
  probe("/livez", () => health.live);
  probe("/readyz", () => health.ready);
  probe("/health", () => health.report);
}
