import { fastify } from "fastify";
import { fibonacci, keepAliveTimeoutMs, port } from "./answers.ts";

// Fastify without the API's runtime; the heavy task is computed inline.
const app = fastify({ keepAliveTimeout: keepAliveTimeoutMs });
app.get(
  "/light",
  { schema: { response: { 200: { type: "object", properties: { ok: { type: "boolean" } } } } } },
  (request, reply) => {
    reply.header("x-request-id", request.headers["x-request-id"]);
    reply.send({ ok: true });
  },
);
app.get<{ Querystring: { n: string } }>("/heavy-task", (request, reply) => {
  const n = Number(request.query.n);
  reply.header("x-request-id", request.headers["x-request-id"]);
  reply.send({ n, fibonacci: fibonacci(n) });
});
app.listen({ port, host: "127.0.0.1" });
