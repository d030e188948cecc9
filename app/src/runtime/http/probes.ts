import type { FastifyInstance } from "fastify";
import type { Health, ProbeResponse } from "../lifecycle/health.ts";
import { jsonType } from "./http-errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Served even while other requests are refused. */
    neverShed?: boolean;
  }
}

/** GET /livez, /readyz and /health, the same as on the internal port. Load shedding never refuses them. */
export function probeRoutes(app: FastifyInstance, health: Pick<Health, "live" | "ready" | "report">): void {
  const probe = (path: string, response: () => ProbeResponse) =>
    app.get(path, { config: { neverShed: true } }, (_request, reply) => {
      const { status, body } = response();
      reply.code(status).type(jsonType).send(body);
    });
  probe("/livez", () => health.live);
  probe("/readyz", () => health.ready);
  probe("/health", () => health.report);
}
