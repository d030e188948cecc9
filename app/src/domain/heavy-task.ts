import { extname, join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import type { CpuPool } from "../runtime/cpu-pool/cpu-pool.ts";
import { clientGone } from "../runtime/http/client-gone.ts";

/** The work grows by a factor of 1.6 with each step; n = 40 takes about a second of one core. */
const Query = Type.Object({ n: Type.Integer({ minimum: 0, maximum: 40, default: 27 }) });
const Result = Type.Object({ n: Type.Integer(), fibonacci: Type.Integer() });

/** The program of the worker threads: a source file here, a bundle of the same name in the image. */
export const heavyWorkerFile = join(import.meta.dirname, `heavy-worker${extname(import.meta.filename)}`);

/** GET /heavy-task?n=: returns the n-th Fibonacci number, computed in a worker thread. */
export function heavyTaskRoute(app: FastifyInstance, pool: Pick<CpuPool, "run">): void {
  const schema = { querystring: Query, response: { 200: Result } };
  const config = { documentation: { summary: "the n-th Fibonacci number, computed in a worker thread" } };
  app.get<{ Querystring: Static<typeof Query> }>(
    "/heavy-task",
    { schema, config },
    async (request, reply) => {
      const { n } = request.query;
      return { n, fibonacci: await pool.run<number, number>(n, clientGone(reply.raw)) };
    },
  );
}
