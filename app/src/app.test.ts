import assert from "node:assert/strict";
import { test } from "node:test";
import { buildTestApi as build } from "../testing/api.ts";
import { sendRaw } from "../testing/raw-request.ts";
import type { AppParts } from "./app.ts";
import { TaskRefused } from "./runtime/cpu-pool/cpu-pool.ts";
import { DatabaseUnavailable } from "./runtime/database/database.ts";

const ada = { name: "Ada", email: "ada@example.org" };

test("GET /light responds with ok", async (t) => {
  const { app } = build(t);
  const answer = await app.inject("/light");
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), { ok: true });
});

test("GET /users/:id reads the origin once, then the cache, and the origin again after a write", async (t) => {
  const { app, put } = build(t);
  assert.deepEqual((await put("7", ada)).json(), { id: 7, ...ada, updatedAt: "2026-01-01T00:00:00.000Z" });
  const statuses = [];
  for (const write of [false, false, true]) {
    if (write) await put("7", { ...ada, name: "Countess" });
    const answer = await app.inject("/users/7");
    assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
    statuses.push([answer.headers["x-cache-status"], answer.json().name]);
  }
  assert.deepEqual(statuses, [
    ["MISS", "Ada"],
    ["HIT", "Ada"],
    ["MISS", "Countess"],
  ]);
});

test("GET /users/:id responds with a JSON 404 when the user does not exist", async (t) => {
  const answer = await build(t).app.inject({ url: "/users/8", headers: { "x-request-id": "r-1" } });
  assert.equal(answer.statusCode, 404);
  assert.deepEqual(answer.json(), { error: "Not Found", message: "there is no user 8", requestId: "r-1" });
});

for (const id of ["0", "-1", "1.5", "x", "9007199254740993"]) {
  test(`GET /users/:id responds with 400 when the id is ${id}`, async (t) => {
    const { app, put } = build(t);
    assert.equal((await app.inject(`/users/${id}`)).statusCode, 400);
    assert.equal((await put(id, ada)).statusCode, 400);
  });
}

const wrongBodies: [string, unknown, string][] = [
  ["no name", { email: ada.email }, "body must have required property 'name'"],
  ["an empty name", { ...ada, name: "" }, "body/name must NOT have fewer than 1 characters"],
  ["a name with NUL", { ...ada, name: "A\u0000" }, 'body/name must match pattern "^[^\\u0000]*$"'],
  ["an email of another form", { ...ada, email: "ada" }, 'body/email must match format "email"'],
];
for (const [what, body, message] of wrongBodies) {
  test(`PUT /users/:id responds with 400 when the body has ${what}`, async (t) => {
    const answer = await build(t).put("1", body);
    const requestId = answer.headers["x-request-id"];
    assert.equal(answer.statusCode, 400);
    assert.deepEqual(answer.json(), { error: "Bad Request", message, requestId });
  });
}

test("API responds with 503 and Retry-After, and logs the request id, when the database is unavailable", async (t) => {
  const find = () => Promise.reject(new DatabaseUnavailable("the database is not available"));
  const { app, logged } = build(t, { users: { find, findMany: find, save: find } });
  const answer = await app.inject({ url: "/users/1", headers: { "x-request-id": "r-17" } });
  assert.equal(answer.headers["x-request-id"], "r-17");
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.headers["retry-after"], "1");
  assert.equal(answer.json().message, "the database is not available");
  assert.deepEqual(
    logged.map(({ msg, requestId }) => [msg, requestId]),
    [["request failed", "r-17"]],
  );
});

test("API logs the details of an unexpected error and does not send them", async (t) => {
  const find = () => Promise.reject(new Error("password is hunter2"));
  const { app, logged } = build(t, { users: { find, findMany: find, save: find } });
  const answer = await app.inject("/users/1");
  assert.equal(answer.statusCode, 500);
  assert.doesNotMatch(answer.body, /hunter2/);
  assert.match(JSON.stringify(logged), /hunter2/);
});

test("GET /heavy-task reads n from the query, within bounds", async (t) => {
  const { app } = build(t);
  assert.deepEqual((await app.inject("/heavy-task?n=5")).json(), { n: 5, fibonacci: 10 });
  assert.deepEqual((await app.inject("/heavy-task")).json(), { n: 27, fibonacci: 54 });
  for (const n of ["41", "-1", "1.5", "x", "NaN", "1e999", "-1e999"])
    assert.equal((await app.inject(`/heavy-task?n=${n}`)).statusCode, 400, n);
});

test("GET /heavy-task responds with 503 and the reason when the pool refuses", async (t) => {
  const run = () => Promise.reject(new TaskRefused("64 tasks are waiting already"));
  const answer = await build(t, { cpuPool: { run } }).app.inject("/heavy-task?n=5");
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.headers["retry-after"], "1");
  assert.equal(answer.json().message, "64 tasks are waiting already");
});

test("GET /heavy-task aborts its task when the client disconnects", async (t) => {
  const { promise: aborted, resolve } = Promise.withResolvers<boolean>();
  const cpuPool: AppParts["cpuPool"] = {
    run: (_n, client) =>
      new Promise((_resolve, reject) => {
        client?.addEventListener("abort", () => {
          resolve(client.aborted);
          reject(new Error("gone"));
        });
      }),
  };
  const port = await build(t, { cpuPool }).listen();
  await sendRaw(port, "GET /heavy-task HTTP/1.1\r\nHost: here\r\n\r\n", { hangUpAfterMs: 50 });
  assert.equal(await aborted, true);
});

test("public port serves the probes", async (t) => {
  const { app } = build(t);
  assert.equal((await app.inject("/livez")).statusCode, 200);
  const ready = await app.inject("/readyz");
  assert.deepEqual([ready.statusCode, ready.json()], [503, { status: "not ready" }]);
});

test("API serves only probes while load is shed", async (t) => {
  const { app, logged } = build(t, { shedding: { active: true, refuse: () => "too many" } });
  for (const [method, url] of [
    ["GET", "/light"],
    ["PUT", "/users/1"],
    ["GET", "/nowhere"],
  ] as const) {
    const answer = await app.inject({ method, url });
    assert.deepEqual([answer.statusCode, answer.headers["retry-after"]], [503, "1"], url);
    assert.equal(answer.json().message, "too many");
  }
  assert.deepEqual(logged, []);
  assert.equal((await app.inject("/livez")).statusCode, 200);
  assert.deepEqual((await app.inject("/readyz")).json(), { status: "not ready" });
  assert.deepEqual((await app.inject("/health")).json(), { status: "ok" });
});

test("API responds with a JSON 404 when the path is unknown", async (t) => {
  const answer = await build(t).app.inject({ url: "/nowhere?x=1", headers: { "x-request-id": "r-2" } });
  assert.equal(answer.statusCode, 404);
  assert.deepEqual(answer.json(), {
    error: "Not Found",
    message: "there is no GET /nowhere",
    requestId: "r-2",
  });
});

test("API responds with 405 and Allow when the method is wrong", async (t) => {
  const { app } = build(t);
  for (const [method, url, allow] of [
    ["DELETE", "/users/7", "GET, HEAD, OPTIONS, PUT"],
    ["POST", "/light", "GET, HEAD, OPTIONS"],
    ["DELETE", "/%6Cight", "GET, HEAD, OPTIONS"],
  ] as const) {
    const answer = await app.inject({ method, url });
    assert.deepEqual([answer.statusCode, answer.headers.allow], [405, allow]);
    assert.equal(answer.json().error, "Method Not Allowed");
  }
});

test("API responds to OPTIONS with 204 and Allow on a known path, and with 404 on an unknown one", async (t) => {
  const { app } = build(t);
  for (const [url, allow] of [
    ["/users/7", "GET, HEAD, OPTIONS, PUT"],
    ["/heavy-task?n=1", "GET, HEAD, OPTIONS"],
    ["/%6Cight", "GET, HEAD, OPTIONS"],
  ] as const) {
    const answer = await app.inject({ method: "OPTIONS", url });
    assert.deepEqual([answer.statusCode, answer.headers.allow, answer.body], [204, allow, ""], url);
    assert.ok(answer.headers["x-request-id"]);
  }
  assert.equal((await app.inject({ method: "OPTIONS", url: "/nowhere" })).statusCode, 404);
});

test("public port reports the health of the pod in one word", async (t) => {
  const report = {
    status: 200,
    body: '{"status":"degraded","degraded":["cache"],"parts":{"cache":{"nodes":3}}}',
  } as const;
  const live = { status: 200, body: "{}" } as const;
  const { app } = build(t, { health: { live, ready: live, report } });
  assert.equal((await app.inject("/health")).body, '{"status":"degraded"}');
});

test("API logs an outage once and not for every request, and every unexpected error up to a bound", async (t) => {
  let error: Error = new DatabaseUnavailable("the database is not available");
  const find = () => Promise.reject(error);
  const { app, logged } = build(t, { users: { find, findMany: find, save: find } });
  for (let request = 0; request < 100; request++) await app.inject("/users/1");
  assert.equal(logged.length, 1);
  error = new Error("unexpected");
  for (let request = 0; request < 100; request++) await app.inject("/users/1");
  assert.equal(logged.length, 21);
});

test("API responds with a specific status when a body is invalid", async (t) => {
  const { app, logged } = build(t);
  const json = "application/json";
  for (const [status, type, payload] of [
    [400, json, "{"],
    [400, json, ""],
    [400, json, '{"__proto__":{"a":1}}'],
    [400, json, "[]"],
    [413, json, `"${"x".repeat(2000)}"`],
    [415, "text/plain", "Ada"],
    [415, "nonsense", "Ada"],
    [415, "application/xml", "<Ada/>"],
    [415, "multipart/form-data; boundary=x", "--x--"],
  ] as const) {
    const answer = await app.inject({
      method: "PUT",
      url: "/users/1",
      headers: { "content-type": type },
      payload,
    });
    assert.equal(answer.statusCode, status, `${type}: ${payload}`);
    assert.deepEqual(Object.keys(answer.json()), ["error", "message", "requestId"]);
  }
  assert.deepEqual(logged, []);
});

test("API responds with 400 when a query field is repeated", async (t) => {
  const answer = await build(t).app.inject("/heavy-task?n=1&n=2");
  assert.equal(answer.statusCode, 400);
  assert.equal(answer.json().message, "querystring/n must be integer");
});

test("fault lab has no routes unless enabled", async (t) => {
  const exits: number[] = [];
  const closed = build(t).app;
  assert.equal((await closed.inject({ method: "POST", url: "/lab/exit?code=3" })).statusCode, 404);
  const open = build(t, { labExit: (code) => exits.push(code) }).app;
  assert.deepEqual((await open.inject({ method: "POST", url: "/lab/exit?code=3" })).json(), { exiting: 3 });
  assert.deepEqual((await open.inject({ method: "POST", url: "/lab/leak?bytes=1024" })).json(), {
    leakedBytesPerRequest: 1024,
  });
  assert.deepEqual((await open.inject({ method: "POST", url: "/lab/allocate?mib=2" })).json(), {
    allocatedMib: 2,
  });
  assert.deepEqual(exits, [3]);
});

test("leak lab has no routes unless enabled", async (t) => {
  const request = { method: "POST", url: "/leak-lab/cache" } as const;
  assert.equal((await build(t).app.inject(request)).statusCode, 404);
  assert.equal((await build(t, { leakLab: true }).app.inject(request)).statusCode, 200);
});

test("metrics count every response once under its route", async (t) => {
  const { metrics, listen } = build(t);
  const origin = `http://127.0.0.1:${await listen()}`;
  for (const url of ["/light", "/light", "/users/1", "/users/2", "/users/x", "/nowhere"])
    await (await fetch(origin + url)).text();
  await fetch(`${origin}/light`, { method: "HEAD" });
  await (await fetch(`${origin}/light`, { method: "DELETE" })).text();
  const lines = (await metrics.render()).split("\n").filter((line) => line.startsWith("http_requests_total"));
  assert.deepEqual(lines.sort(), [
    'http_requests_total{method="GET",route="/light",status="200"} 2',
    'http_requests_total{method="GET",route="/users/:id",status="400"} 1',
    'http_requests_total{method="GET",route="/users/:id",status="404"} 2',
    'http_requests_total{method="HEAD",route="/light",status="200"} 1',
    'http_requests_total{method="any",route="unmatched",status="404"} 1',
    'http_requests_total{method="any",route="unmatched",status="405"} 1',
  ]);
});

test("metrics count status 499 when the client disconnects before the response", async (t) => {
  const gone = new AbortController();
  const { metrics, listen } = build(t, {
    cpuPool: {
      run: (_input, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("nobody waits for this")));
          gone.abort();
        }),
    },
  });
  const url = `http://127.0.0.1:${await listen()}/heavy-task?n=1`;
  await assert.rejects(fetch(url, { signal: gone.signal }));
  while (!/route="\/heavy-task",status="499"} 1/.test(await metrics.render()))
    await new Promise(setImmediate);
});
