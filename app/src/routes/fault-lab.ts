import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";

const mebibyte = 1024 * 1024;
const Allocate = Type.Object({ mib: Type.Integer({ minimum: 1, maximum: 65_536 }) });
const Exit = Type.Object({ code: Type.Integer({ minimum: 0, maximum: 255, default: 1 }) });

/** POST /lab/allocate?mib= and /lab/exit?code=: break this process on purpose, to see that it is noticed. */
export function faultLabRoutes(app: FastifyInstance, exit: (code: number) => void): void {
  const kept: Buffer[] = [];

  app.post<{ Querystring: Static<typeof Allocate> }>(
    "/lab/allocate",
    { schema: { querystring: Allocate } },
    (request, reply) => {
      // Filled with ones: memory that nobody wrote to is not counted against the limit.
      for (let mib = 0; mib < request.query.mib; mib++) kept.push(Buffer.alloc(mebibyte, 1));
      reply.send({ allocatedMib: kept.length });
    },
  );

  app.post<{ Querystring: Static<typeof Exit> }>(
    "/lab/exit",
    { schema: { querystring: Exit } },
    (request, reply) => {
      const { code } = request.query;
      reply.raw.once("finish", () => exit(code));
      reply.send({ exiting: code });
    },
  );
}
