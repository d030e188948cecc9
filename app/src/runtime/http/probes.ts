import { Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import type { Health, ProbeResponse } from "../lifecycle/health.ts";
import { jsonType } from "./http-errors.ts";
import "./route-documentation.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Served even while other requests are refused. */
    neverShed?: boolean;
  }
}

const Status = Type.Object({ status: Type.String(), reason: Type.Optional(Type.String()) });

/**
 * GET /livez and /readyz, the same as on the internal port, and /health: without the state of the parts, which concerns
 * operators only. Load shedding never refuses them.
 */
export function probeRoutes(app: FastifyInstance, health: Pick<Health, "live" | "ready" | "report">): void {
  const probe = (path: string, summary: string, response: () => ProbeResponse) => {
    const config = { neverShed: true, documentation: { summary, response: { 200: Status, 503: Status } } };
    app.get(path, { config }, (_request, reply) => {
      const { status, body } = response();
      reply.code(status).type(jsonType).send(body);
    });
  };
  probe("/livez", "whether the process serves", () => health.live);
  probe("/readyz", "whether the pod takes requests", () => health.ready);
  probe("/health", "the state of the pod: ok, degraded, starting or draining", () =>
    inOneWord(health.report),
  );
}

function inOneWord({ status, body }: ProbeResponse): ProbeResponse {
  const { status: word } = JSON.parse(body) as { status: string };
  return { status, body: JSON.stringify({ status: word }) };
}
