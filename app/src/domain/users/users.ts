import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Cache } from "../../runtime/cache/cache.ts";
import { nameOf } from "../../runtime/cache/cache-key.ts";
import type { CacheStatus } from "../../runtime/cache/cache-stats.ts";
import { HttpError, jsonType, sendError } from "../../runtime/http/http-errors.ts";
import type { UserStore } from "./user-store.ts";

const Params = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });
const maxIds = 100;
const Query = Type.Object({
  /** 1 to 100 ids, separated by commas. */
  ids: Type.String({ pattern: `^[1-9][0-9]{0,15}(,[1-9][0-9]{0,15}){0,${maxIds - 1}}$` }),
});
// PostgreSQL's text cannot hold the NUL character.
const Body = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, pattern: "^[^\\u0000]*$" }),
  email: Type.String({ maxLength: 254, format: "email" }),
});
const UserResponse = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  email: Type.String(),
  updatedAt: Type.String(),
});

/**
 * GET /users/:id and GET /users?ids= read through the cache; PUT /users/:id writes the database. X-Cache-Status is HIT,
 * MISS, STALE or BYPASS (for several users: the status furthest from HIT). X-Cache is HIT if the cache supplied the value,
 * else MISS.
 */
export function userRoutes(
  app: FastifyInstance,
  users: Pick<UserStore, "find" | "findMany" | "save">,
  cache: Pick<Cache, "read" | "readMany" | "invalidate">,
): void {
  app.get<{ Params: Static<typeof Params> }>(
    "/users/:id",
    { schema: { params: Params } },
    async (request, reply) => {
      const { id } = request.params;
      const { value, status } = await cache.read(cacheName(id), async () => {
        const user = await users.find(id);
        return user && reply.serializeInput({ ...user }, UserResponse);
      });
      setCacheHeaders(reply, status);
      if (value === undefined) return sendError(reply, 404, `there is no user ${id}`);
      // The cached text is the response: nothing is parsed or serialized.
      return reply.type(jsonType).send(value);
    },
  );

  app.get<{ Querystring: Static<typeof Query> }>(
    "/users",
    { schema: { querystring: Query } },
    async (request, reply) => {
      const ids = [...new Set(request.query.ids.split(",").map(Number))];
      if (!ids.every(Number.isSafeInteger))
        throw new HttpError(400, "querystring/ids has an id that is too large");
      const reads = await cache.readMany(ids.map(cacheName), async (names) => {
        const found = await users.findMany(names.map(idOf));
        return new Map(
          found.map((user) => [cacheName(user.id), reply.serializeInput({ ...user }, UserResponse)]),
        );
      });
      const values = reads.flatMap(({ value }) => value ?? []);
      const missing = ids.filter((_id, index) => reads[index]?.value === undefined);
      setCacheHeaders(reply, furthestFromHit(reads.map(({ status }) => status)));
      return reply.type(jsonType).send(`{"users":[${values.join(",")}],"missing":[${missing.join(",")}]}`);
    },
  );

  app.put<{ Params: Static<typeof Params>; Body: Static<typeof Body> }>(
    "/users/:id",
    { schema: { params: Params, body: Body, response: { 200: UserResponse } } },
    async (request) => {
      const user = await users.save(request.params.id, request.body);
      await cache.invalidate(cacheName(user.id));
      return user;
    },
  );
}

const kind = "user";

function cacheName(id: number): string {
  return nameOf(kind, id);
}

function idOf(name: string): number {
  return Number(name.slice(kind.length + 1));
}

function setCacheHeaders(reply: FastifyReply, status: CacheStatus): void {
  reply.header("x-cache-status", status);
  reply.header("x-cache", status === "HIT" || status === "STALE" ? "HIT" : "MISS");
}

const byDistanceFromHit: readonly CacheStatus[] = ["HIT", "MISS", "STALE", "BYPASS"];

function furthestFromHit(statuses: readonly CacheStatus[]): CacheStatus {
  return byDistanceFromHit.findLast((status) => statuses.includes(status)) ?? "HIT";
}
