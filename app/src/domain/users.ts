import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import type { ReadThroughCache } from "../runtime/cache/read-through.ts";
import { sendError } from "../runtime/http-errors.ts";
import type { UserStore } from "./user-store.ts";

const Params = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });
// PostgreSQL's text cannot hold the NUL character.
const Body = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, pattern: "^[^\\u0000]*$" }),
  email: Type.String({ maxLength: 254, format: "email" }),
});

/** GET /users/:id through the cache (how is told in X-Cache-Status), PUT /users/:id past it. */
export function userRoutes(
  app: FastifyInstance,
  users: Pick<UserStore, "find" | "save">,
  cache: Pick<ReadThroughCache, "read" | "invalidate">,
): void {
  app.get<{ Params: Static<typeof Params> }>(
    "/users/:id",
    { schema: { params: Params } },
    async (request, reply) => {
      const { id } = request.params;
      const { value, status } = await cache.read(keyOf(id), async () => {
        const user = await users.find(id);
        return user && JSON.stringify(user);
      });
      reply.header("x-cache-status", status);
      if (value === undefined) {
        return sendError(reply, 404, `there is no user ${id}`);
      }
      return reply.type("application/json; charset=utf-8").send(value);
    },
  );

  app.put<{ Params: Static<typeof Params>; Body: Static<typeof Body> }>(
    "/users/:id",
    { schema: { params: Params, body: Body } },
    async (request) => {
      const user = await users.save(request.params.id, request.body);
      await cache.invalidate(keyOf(user.id));
      return user;
    },
  );
}

function keyOf(id: number): string {
  return `user:${id}`;
}
