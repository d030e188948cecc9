import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTestApi as build } from "../../../testing/api.ts";
import { DatabaseUnavailable } from "../../runtime/database/database.ts";

const ada = { name: "Ada", email: "ada@example.org" };
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
        find: (id) => database(asUser(id)),
        findMany: (wanted) => database(wanted.map(asUser)),
        save: (id) => database(asUser(id)),
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
