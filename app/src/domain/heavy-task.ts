import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import type { TaskPool } from "../runtime/cpu-pool/cpu-pool.ts";
import { clientGone } from "../runtime/http/client-gone.ts";

/** The work grows by 1.6 with every step; 40 is about a second of one core. */
const Query = Type.Object({ n: Type.Integer({ minimum: 0, maximum: 40, default: 27 }) });
const Answer = Type.Object({ n: Type.Integer(), fibonacci: Type.Integer() });

/** GET /heavy-task?n=: the n-th Fibonacci number from a worker thread. */
export function heavyTaskRoute(app: FastifyInstance, pool: Pick<TaskPool, "run">): void {
  const schema = { querystring: Query, response: { 200: Answer } };
  app.get<{ Querystring: Static<typeof Query> }>("/heavy-task", { schema }, async (request, reply) => {
    const { n } = request.query;
    return { n, fibonacci: await pool.run<number, number>(n, clientGone(reply.raw)) };
  });
}
