import assert from "node:assert/strict";
import { test } from "node:test";
import { answerLikeTheApi, type Behaviour, StubServer } from "../testing/stub-server.ts";
import { waitForFrontDoor } from "./front-door.ts";
import { seedUsers } from "./seed.ts";
import { userId } from "./users.ts";

/** Responds to reads with `status` and `body`, and to writes like the API. */
const reads =
  (status: number, body: string): Behaviour =>
  (request, response) => {
    if (request.method === "GET") response.writeHead(status).end(body);
    else answerLikeTheApi(request, response);
  };

test("seedUsers reads every user and then writes it once", async () => {
  const requests: string[] = [];
  const missing = reads(404, "{}");
  await using server = await StubServer.start((request, response, n) => {
    requests.push(`${request.method} ${request.url}`);
    missing(request, response, n);
  });
  const result = await seedUsers(server.endpoint, 50);
  const wanted = Array.from({ length: 50 }, (_, at) => `/api/users/${userId(at + 1)}`);
  assert.deepEqual(requests.slice(0, 50).sort(), wanted.map((path) => `GET ${path}`).sort());
  assert.deepEqual(requests.slice(50).sort(), wanted.map((path) => `PUT ${path}`).sort());
  assert.deepEqual([result.seeded, result.failures, result.foreign], [50, [], []]);
});

test("seedUsers writes nothing when a user has content that no load test wrote", async () => {
  const written: unknown[] = [];
  await using server = await StubServer.start((request, response) => {
    if (request.method === "PUT") written.push(request.url);
    if (!request.url?.endsWith(String(userId(7)))) answerLikeTheApi(request, response);
    else response.end(`{"id":${userId(7)},"name":"Ada","email":"ada@example.com"}`);
  });
  const result = await seedUsers(server.endpoint, 20);
  assert.deepEqual([result.foreign, result.seeded, written], [[userId(7)], 0, []]);
});

test("seedUsers overwrites what an earlier load test wrote, with a newer version", async () => {
  await using server = await StubServer.start(answerLikeTheApi);
  const result = await seedUsers(server.endpoint, 5);
  assert.deepEqual([result.seeded, result.version], [5, 9_000_000_000_000_001]);
});

test("seedUsers tries again while the server fails, and not when it refuses", async () => {
  let failing = 30;
  const missing = reads(404, "{}");
  await using server = await StubServer.start((request, response, n) => {
    if (failing-- > 0) response.writeHead(503).end("no API pod can answer right now");
    else if (request.method === "PUT" && request.url?.endsWith(String(userId(7))))
      response.writeHead(400).end("no");
    else missing(request, response, n);
  });
  const result = await seedUsers(server.endpoint, 20);
  assert.equal(result.seeded, 19);
  assert.deepEqual(result.failures, [{ id: userId(7), reason: "HTTP 400 no" }]);
});

test("seedUsers gives up after its bound", async () => {
  await using server = await StubServer.start((_, response) => response.writeHead(503).end("away"));
  const { failures } = await seedUsers(server.endpoint, 3, { boundMs: 300 });
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ["HTTP 503 away", "HTTP 503 away", "HTTP 503 away"],
  );
});

test("waitForFrontDoor waits until the server responds several times in a row", async () => {
  const statuses = [503, 200, 200, 503, 404, 200, 200, 200, 200];
  let seen = 0;
  await using server = await StubServer.start((_, response, n) => {
    seen = n;
    response.writeHead(statuses[n - 1] ?? 200).end();
  });
  assert.equal(await waitForFrontDoor(server.endpoint), true);
  assert.equal(seen, statuses.length);
});

test("waitForFrontDoor asks below the prefix of the API", async () => {
  const asked = new Set<string | undefined>();
  await using server = await StubServer.start(({ url }, response) => {
    asked.add(url);
    response.writeHead(404).end();
  });
  for (const prefix of [undefined, "/"] as const) await waitForFrontDoor(server.endpoint, { prefix });
  assert.deepEqual([...asked], ["/api/light", "/light"]);
});

test("waitForFrontDoor begins anyway when the server responds at times, and not when it never does", async () => {
  await using half = await StubServer.start((_, response, n) => response.writeHead(n % 2 ? 200 : 503).end());
  assert.equal(await waitForFrontDoor(half.endpoint, { boundMs: 1000 }), false);
  await using away = await StubServer.start((_, response) => response.writeHead(503).end("no pod"));
  await assert.rejects(waitForFrontDoor(away.endpoint, { boundMs: 500 }), /within 0\.5 s: HTTP 503 no pod/);
});
