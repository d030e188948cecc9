import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buildTestApi } from "../../../testing/api.ts";
import { PostgresServer } from "../../../testing/postgres.ts";
import { UserStore, usersSchema } from "../../domain/users/user-store.ts";
import { Health } from "../lifecycle/health.ts";
import { Database } from "./database.ts";

const quiet = { info: () => undefined, warn: () => undefined };

/** The API with its own PostgreSQL server; cached users are stale after a second. */
async function open(t: TestContext) {
  const server = await PostgresServer.start();
  t.after(() => server.stop());
  const database = new Database({
    url: server.url,
    poolSize: 4,
    applicationName: "test",
    schema: [usersSchema],
  });
  t.after(() => database.close());
  const health = new Health({ database, log: quiet });
  t.after(() => health.stop());
  const api = buildTestApi(t, { health, users: new UserStore(database) }, { ttlSeconds: 1 });
  return { server, database, health, ...api };
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await isTrue()); await sleep(50))
    assert.ok(Date.now() < end, "the condition was not met in 20 s");
}

const ada = { name: "Ada", email: "ada@example.org" };

test("UserStore returns unusual values unchanged", async (t) => {
  const { health, put, app } = await open(t);
  void health.watch();
  await until(() => health.ready.status === 200);
  const names = ["'; DROP TABLE users; --", "Ünïcode ✓ 🛟", "\\", "a\tb", "x".repeat(200)];
  for (const [index, name] of names.entries()) {
    const id = Number.MAX_SAFE_INTEGER - index;
    assert.equal((await put(String(id), { ...ada, name })).statusCode, 201, name);
    const { updatedAt: _, ...user } = (await app.inject(`/users/${id}`)).json();
    assert.deepEqual(user, { id, ...ada, name });
  }
  // A lone surrogate is not a character; it comes back as the replacement character.
  assert.equal((await put("5", { ...ada, name: "\ud800" })).statusCode, 201);
});

test("API stays ready, serves stale reads, and refuses writes while the database is down", async (t) => {
  const { server, health, put, app } = await open(t);
  void health.watch();
  await until(() => health.ready.status === 200);
  assert.equal((await put("7", ada)).statusCode, 201);
  assert.equal((await app.inject("/users/7")).statusCode, 200);

  await server.kill();
  await until(() => JSON.parse(health.report.body).status === "degraded");
  await until(async () => (await app.inject("/users/7")).headers["x-cache-status"] === "STALE");
  assert.equal((await app.inject("/users/7")).json().name, "Ada");
  for (const response of [await put("7", { ...ada, name: "Countess" }), await app.inject("/users/8")]) {
    assert.deepEqual([response.statusCode, response.headers["retry-after"]], [503, "1"]);
    assert.equal(response.json().message, "the database is not available");
  }
  assert.deepEqual([health.ready.status, health.live.status], [200, 200]);

  await server.restart();
  await until(() => JSON.parse(health.report.body).status === "ok");
  await until(async () => (await put("7", { ...ada, name: "Countess" })).statusCode === 200);
  await until(async () => (await app.inject("/users/7")).json().name === "Countess");
});

test("API becomes ready when the database starts later than the API", async (t) => {
  const { server, health } = await open(t);
  await server.kill();
  void health.watch();
  await sleep(700);
  assert.equal(health.ready.status, 503);
  await server.restart();
  await until(() => health.ready.status === 200);
});
