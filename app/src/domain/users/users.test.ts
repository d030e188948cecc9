import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buildTestApi as build } from "../../../testing/api.ts";
import { DatabaseUnavailable } from "../../runtime/database/database.ts";

const ada = { name: "Ada", email: "ada@example.org" };
const asStored = (id: number) => ({ user: asUser(id), version: "1" });
const asUser = (id: number) => ({ id, ...ada, updatedAt: "2026-01-01T00:00:00.000Z" });

test("GET /users?ids= returns users in the requested order, and the missing ids", async (t) => {
  const { app, put } = build(t);
  for (const id of ["1", "2", "3"]) await put(id, ada);
  await app.inject("/users/2");
  const first = await app.inject("/users?ids=3,9,2,3");
  assert.deepEqual(first.json(), { users: [asUser(3), asUser(2)], missing: [9] });
  assert.deepEqual([first.headers["x-cache-status"], first.headers["x-cache"]], ["MISS", "MISS"]);
  assert.equal(first.headers["content-type"], "application/json; charset=utf-8");
  const second = await app.inject("/users?ids=3,2");
  assert.deepEqual([second.headers["x-cache-status"], second.headers["x-cache"]], ["HIT", "HIT"]);
  await put("3", { ...ada, name: "Countess" });
  assert.equal((await app.inject("/users?ids=2,3")).json().users[1].name, "Countess");
});

const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1).join(",");
for (const [query, what] of [
  ["", "without ids"],
  ["?ids=", "with none"],
  ["?ids=0", "with zero"],
  ["?ids=1,", "with an empty id"],
  ["?ids=1,x", "with one that is no number"],
  ["?ids=1,-2", "with a negative one"],
  ["?ids=9007199254740993", "with one that is too great"],
  [`?ids=${ids(101)}`, "with more than a hundred"],
  ["?ids=1&ids=2", "with ids twice"],
] as const) {
  test(`GET /users responds with 400 ${what}`, async (t) => {
    const response = await build(t).app.inject(`/users${query}`);
    assert.equal(response.statusCode, 400);
    assert.equal(response.json().error, "Bad Request");
  });
}

test("GET /users?ids= accepts 100 ids", async (t) => {
  assert.equal((await build(t).app.inject(`/users?ids=${ids(100)}`)).json().missing.length, 100);
});

test("X-Cache is HIT when the value comes from the cache", async (t) => {
  const { app, put } = build(t);
  await put("7", ada);
  const headers = [];
  for (let read = 0; read < 2; read++) headers.push((await app.inject("/users/7")).headers["x-cache"]);
  assert.deepEqual(headers, ["MISS", "HIT"]);
});

test("API serves stale reads and refuses writes with 503 when the database is unavailable", async (t) => {
  let isLost = false;
  const database = async <T>(result: T): Promise<T> => {
    if (isLost) throw new DatabaseUnavailable("the database is not available");
    return result;
  };
  const clock = { now: Date.now() };
  const { app, put } = build(
    t,
    {
      users: {
        find: (id) => database(asStored(id)),
        findMany: (wanted) => database(wanted.map(asStored)),
        save: (id) => database({ ...asStored(id), isNew: false }),
      },
    },
    { now: () => clock.now },
  );
  await app.inject("/users/7");
  isLost = true;
  clock.now += 400_000;
  const stale = await app.inject("/users/7");
  assert.deepEqual(stale.json(), asUser(7));
  assert.deepEqual(
    [stale.statusCode, stale.headers["x-cache-status"], stale.headers["x-cache"]],
    [200, "STALE", "HIT"],
  );
  assert.equal((await app.inject("/users?ids=7")).headers["x-cache-status"], "STALE");
  assert.equal((await app.inject("/users?ids=7,8")).statusCode, 503);
  assert.equal((await app.inject("/users/8")).statusCode, 503);
  assert.equal((await put("7", ada)).statusCode, 503);
  isLost = false;
  clock.now += 2000;
  await app.inject("/users/7");
  assert.equal((await app.inject("/users/7")).headers["x-cache-status"], "HIT");
});

test("PUT /users/:id responds with 201 when it creates the user, and with 200 when it replaces it", async (t) => {
  const { app, put } = build(t);
  const [created, replaced] = [await put("7", ada), await put("7", ada)];
  assert.deepEqual([created.statusCode, replaced.statusCode], [201, 200]);
  assert.deepEqual(created.json(), asUser(7));
  const { headers } = await app.inject("/users/7");
  assert.equal(headers.etag, replaced.headers.etag);
  assert.notEqual(headers.etag, created.headers.etag);
  assert.equal(headers["cache-control"], "no-cache");
});

test("PUT /users/:id with If-Match writes that version only, and with If-None-Match only a new user", async (t) => {
  const { app, put } = build(t);
  assert.equal((await put("7", ada, { "if-match": "*" })).statusCode, 412);
  const first = await put("7", ada, { "if-none-match": "*" });
  assert.equal(first.statusCode, 201);
  assert.equal((await put("7", ada, { "if-none-match": "*" })).statusCode, 412);
  const tag = String(first.headers.etag);
  const second = await put("7", { ...ada, name: "Countess" }, { "if-match": `"x", ${tag}` });
  assert.equal(second.statusCode, 200);
  const late = await put("7", ada, { "if-match": tag });
  assert.deepEqual([late.statusCode, late.json().error], [412, "Precondition Failed"]);
  assert.equal((await put("7", ada, { "if-match": `W/${second.headers.etag}` })).statusCode, 412);
  assert.equal((await app.inject("/users/7")).json().name, "Countess");
  assert.equal((await put("7", ada, { "if-match": "*" })).statusCode, 200);
});

for (const [headers, what] of [
  [{ "if-match": "7" }, "If-Match has a tag without quotes"],
  [{ "if-match": "" }, "If-Match is empty"],
  [{ "if-none-match": '"7"' }, "If-None-Match has a tag"],
  [{ "if-match": "*", "if-none-match": "*" }, "both are given"],
] as const) {
  test(`PUT /users/:id responds with 400 when ${what}`, async (t) => {
    assert.equal((await build(t).put("7", ada, headers)).statusCode, 400);
  });
}

test("GET /users/:id responds with 304 when the client has the version, from cache and origin", async (t) => {
  const { app, put } = build(t);
  const tag = String((await put("7", ada)).headers.etag);
  for (const given of [tag, `"0", W/${tag}`, "*"]) {
    const response = await app.inject({ url: "/users/7", headers: { "if-none-match": given } });
    assert.deepEqual([response.statusCode, response.body, response.headers.etag], [304, "", tag]);
  }
  await put("7", ada);
  const changed = await app.inject({ url: "/users/7", headers: { "if-none-match": tag } });
  assert.deepEqual([changed.statusCode, changed.json()], [200, asUser(7)]);
});

test("GET and PUT /users/:id take only digits for an id", async (t) => {
  const { app, put } = build(t);
  for (const id of ["0x10", "1.6e1", "16.0", "+16", "016", "%2016", "1e1000", "9007199254740993"]) {
    assert.equal((await app.inject(`/users/${id}`)).statusCode, 400, id);
    assert.equal((await put(id, ada)).statusCode, 400, id);
  }
  assert.equal((await app.inject("/users/1%36")).statusCode, 404);
});

test("PUT /users/:id invalidates a write whose outcome is unknown, at once and after its time limit", async (t) => {
  let stored = { ...asUser(7), name: "Ada" };
  let commitLate: () => void = () => undefined;
  const { app, put } = build(
    t,
    {
      users: {
        find: async () => ({ user: stored, version: stored.name }),
        findMany: async () => [],
        save: async (_id, user) => {
          commitLate = () => {
            stored = { ...stored, ...user };
          };
          throw new DatabaseUnavailable("the answer is lost", { isOutcomeUnknown: true });
        },
      },
    },
    { writeLimitMs: 50 },
  );
  const name = async () => (await app.inject("/users/7")).json().name;
  assert.equal(await name(), "Ada");
  assert.equal((await put("7", { ...ada, name: "Countess" })).statusCode, 503);
  // The origin carries the write out only after the first invalidation and a read.
  assert.equal((await app.inject("/users/7")).headers["x-cache-status"], "MISS");
  commitLate();
  while ((await name()) !== "Countess") await sleep(5);
});

test("PUT /users/:id keeps the cached value when the write was certainly not carried out", async (t) => {
  const { app, put } = build(t, {
    users: {
      find: async (id) => asStored(id),
      findMany: async () => [],
      save: async () => Promise.reject(new DatabaseUnavailable("no connection")),
    },
  });
  await app.inject("/users/7");
  assert.equal((await put("7", ada)).statusCode, 503);
  assert.equal((await app.inject("/users/7")).headers["x-cache-status"], "HIT");
});
