import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Cache } from "../../runtime/cache/cache.ts";
import { nameOf } from "../../runtime/cache/cache-key.ts";
import type { CacheStatus } from "../../runtime/cache/cache-stats.ts";
import { isUnchanged, preconditionOf, tagOf } from "../../runtime/http/entity-tags.ts";
import { HttpError, jsonType, sendError } from "../../runtime/http/http-errors.ts";
import type { UserStore, VersionedUser } from "./user-store.ts";

// A pattern on the text: Type.Integer would also take 0x10 and 1.6e1 for 16.
const idPattern = "[1-9][0-9]{0,15}";
const Params = Type.Object({ id: Type.String({ pattern: `^${idPattern}$` }) });
const maxIds = 100;
const Query = Type.Object({
  /** 1 to 100 ids, separated by commas. */
  ids: Type.String({ pattern: `^${idPattern}(,${idPattern}){0,${maxIds - 1}}$` }),
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

const cacheHeaders = {
  etag: Type.String({ description: "Version of the user, for If-Match and If-None-Match." }),
  "x-cache-status": Type.String({
    enum: ["HIT", "MISS", "STALE", "BYPASS"],
    description: "Whether the cache supplied the value; of several users, the status furthest from HIT.",
  }),
  "x-cache": Type.String({ enum: ["HIT", "MISS"], description: "HIT if the cache supplied the value." }),
};
const { etag, ...listHeaders } = cacheHeaders;
const savedUser = Type.Object(UserResponse.properties, { headers: { etag } });
const conditions = Type.Object({
  "if-match": Type.Optional(
    Type.String({ description: "Entity tags, or `*`: another version, or none, gets a 412." }),
  ),
  "if-none-match": Type.Optional(Type.String({ description: "`*`: an existing user gets a 412." })),
});
const documented = {
  one: {
    summary: "one user, read through the cache; 304 if the client has this version (`If-None-Match`)",
    response: { 200: Type.Object(UserResponse.properties, { headers: cacheHeaders }) },
  },
  many: {
    summary: `up to ${maxIds} users, read through the cache; unknown ids are in \`missing\``,
    response: {
      200: Type.Object(
        { users: Type.Array(UserResponse), missing: Type.Array(Type.Integer()) },
        { headers: listHeaders },
      ),
    },
  },
  save: {
    summary:
      "writes a user into the database (201 if it is new), and invalidates the cache of every pod; `If-Match` and `If-None-Match: *` are conditions",
    headers: conditions,
    response: { 200: savedUser, 201: savedUser },
  },
};

/** What the form of a cached user depends on; increase the number when `cached` changes. */
export const cachedUserForm = [1, UserResponse] as const;

/**
 * GET /users/:id and GET /users?ids= read through the cache; PUT /users/:id writes the database, with If-Match only that
 * version, with `If-None-Match: *` only a new user. X-Cache-Status is HIT, MISS, STALE or BYPASS (for several users: the
 * status furthest from HIT). X-Cache is HIT if the cache supplied the value, else MISS.
 */
export function userRoutes(
  app: FastifyInstance,
  users: Pick<UserStore, "find" | "findMany" | "save">,
  cache: Pick<Cache, "read" | "readMany" | "write">,
): void {
  app.get<{ Params: Static<typeof Params> }>(
    "/users/:id",
    { schema: { params: Params }, config: { documentation: documented.one } },
    async (request, reply) => {
      const id = toId(request.params.id, "params/id");
      const { value, status } = await cache.read(cacheName(id), async () => {
        const found = await users.find(id);
        return found && cached(found, reply);
      });
      setCacheHeaders(reply, status);
      if (value === undefined) return sendError(reply, 404, `there is no user ${id}`);
      const { tag, body } = split(value);
      reply.header("etag", tag);
      const ifNoneMatch = request.headers["if-none-match"];
      if (ifNoneMatch !== undefined && isUnchanged(ifNoneMatch, tag)) return reply.code(304).send();
      // The cached text is the response: nothing is parsed or serialized.
      return reply.type(jsonType).send(body);
    },
  );

  app.get<{ Querystring: Static<typeof Query> }>(
    "/users",
    { schema: { querystring: Query }, config: { documentation: documented.many } },
    async (request, reply) => {
      const ids = [...new Set(request.query.ids.split(",").map((id) => toId(id, "querystring/ids")))];
      const reads = await cache.readMany(ids.map(cacheName), async (names) => {
        const found = await users.findMany(names.map(idOf));
        return new Map(found.map((user) => [cacheName(user.user.id), cached(user, reply)]));
      });
      const bodies = reads.flatMap(({ value }) => (value === undefined ? [] : split(value).body));
      const missing = ids.filter((_id, index) => reads[index]?.value === undefined);
      setCacheHeaders(reply, furthestFromHit(reads.map(({ status }) => status)));
      return reply.type(jsonType).send(`{"users":[${bodies.join(",")}],"missing":[${missing.join(",")}]}`);
    },
  );

  app.put<{ Params: Static<typeof Params>; Body: Static<typeof Body> }>(
    "/users/:id",
    {
      schema: { params: Params, body: Body, response: { 200: UserResponse, 201: UserResponse } },
      config: { documentation: documented.save },
    },
    async (request, reply) => {
      const id = toId(request.params.id, "params/id");
      const condition = preconditionOf(request.headers);
      const saved = await cache.write(cacheName(id), () => users.save(id, request.body, condition));
      if (saved === undefined) return sendError(reply, 412, lost(id, condition === "missing"));
      reply.code(saved.isNew ? 201 : 200).header("etag", tagOf(saved.version));
      return saved.user;
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

/** @throws {HttpError} when the number is too large to be exact. */
function toId(text: string, path: string): number {
  const id = Number(text);
  if (!Number.isSafeInteger(id)) throw new HttpError(400, `${path} has an id that is too large`);
  return id;
}

/** The text in the cache: the entity tag, and the body of the response. */
function cached({ user, version }: VersionedUser, reply: FastifyReply): string {
  return tagOf(version) + reply.serializeInput({ ...user }, UserResponse);
}

function split(text: string): { tag: string; body: string } {
  const end = text.indexOf('"', 1) + 1;
  return { tag: text.slice(0, end), body: text.slice(end) };
}

function lost(id: number, wasToBeNew: boolean): string {
  return wasToBeNew
    ? `there is a user ${id} already`
    : `user ${id} has another version than If-Match names, or does not exist`;
}

/** The API's cache knows when a user changes; caches between it and the client do not. */
const cacheControl = "no-cache";

function setCacheHeaders(reply: FastifyReply, status: CacheStatus): void {
  reply.header("cache-control", cacheControl);
  reply.header("x-cache-status", status);
  reply.header("x-cache", status === "HIT" || status === "STALE" ? "HIT" : "MISS");
}

const byDistanceFromHit: readonly CacheStatus[] = ["HIT", "MISS", "STALE", "BYPASS"];

function furthestFromHit(statuses: readonly CacheStatus[]): CacheStatus {
  return byDistanceFromHit.findLast((status) => statuses.includes(status)) ?? "HIT";
}
