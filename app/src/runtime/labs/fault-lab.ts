import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";

const mebibyte = 1024 * 1024;
const Allocate = Type.Object({ mib: Type.Integer({ minimum: 1, maximum: 65_536 }) });
const Exit = Type.Object({ code: Type.Integer({ minimum: 0, maximum: 255, default: 1 }) });
const Leak = Type.Object({ bytes: Type.Integer({ minimum: 0, maximum: mebibyte }) });

/**
 * Routes that break this process on purpose, to test the detection of faults: POST /lab/allocate?mib= allocates memory,
 * /lab/leak?bytes= makes every later request leak, /lab/exit?code= ends the process.
 */
export function faultLabRoutes(app: FastifyInstance, exit: (code: number) => void): void {
  const kept: Buffer[] = [];

  app.post<{ Querystring: Static<typeof Allocate> }>(
    "/lab/allocate",
    { schema: { querystring: Allocate } },
    (request, reply) => {
      // The buffers are filled, because the kernel counts only memory that has been written.
      for (let mib = 0; mib < request.query.mib; mib++) kept.push(Buffer.alloc(mebibyte, 1));
      reply.send({ allocatedMib: kept.length });
    },
  );

  const leaked: Buffer[] = [];
  let leakedBytes = 0;
  app.addHook("onRequest", (_request, _reply, done) => {
    if (leakedBytes > 0) leaked.push(Buffer.alloc(leakedBytes, 1));
    done();
  });
  app.post<{ Querystring: Static<typeof Leak> }>(
    "/lab/leak",
    { schema: { querystring: Leak } },
    (request, reply) => {
      leakedBytes = request.query.bytes;
      reply.send({ leakedBytesPerRequest: leakedBytes });
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
