import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestConfig } from "../../contract/outputs.ts";
import { type Behaviour, StubServer } from "../testing/stub-server.ts";
import { runLoad } from "./load.ts";
import { tryRequests } from "./request-trial.ts";

const create: RequestConfig = {
  method: "POST",
  path: "/items/{{id: 1..1000}}?size={{size: s|m}}",
  headers: { authorization: "Bearer {{token: env OWN_REQUESTS_TOKEN}}", "content-type": "text/plain" },
  body: "item {{id}}",
  expect: { statuses: [201], json: { "/kind": "item" } },
};
const list: RequestConfig = {
  method: "GET",
  path: "/items",
  headers: {},
  expect: { statuses: [], contains: "items", json: {} },
};
const mix = [
  { kind: "create", weight: 1 },
  { kind: "list", weight: 3 },
];
const scenario = { name: "browse", about: "", mix, requests: { create, list } };

/** An API that knows what a right request has. */
const items: Behaviour = (request, response) => {
  if (request.method === "GET" && request.url === "/items") return void response.end('["items"]');
  const id = /^\/items\/(\d+)\?size=[sm]$/.exec(request.url ?? "")?.[1];
  const { authorization, "content-type": type } = request.headers;
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    const isRight =
      request.method === "POST" &&
      authorization === "Bearer of-the-test" &&
      type === "text/plain" &&
      id !== undefined &&
      body === `item ${id}`;
    response.writeHead(isRight ? 201 : 400).end('{"kind":"item"}');
  });
};

process.env.OWN_REQUESTS_TOKEN = "of-the-test";

test("runLoad sends requests of stack config in both models, with values that belong together", async () => {
  const atGateway = (request: RequestConfig) => ({ ...request, path: `/api${request.path}` });
  const requests = { create: atGateway(create), list: atGateway(list) };
  const toPod = { scenario: { ...scenario, requests }, removedBase: "/api" };
  for (const model of [{}, { rate: 200 }, { keepAlive: false, ...toPod }]) {
    await using server = await StubServer.start(items);
    const result = await runLoad({
      endpoint: server.endpoint,
      scenario,
      connections: 4,
      durationSeconds: 1,
      warmupSeconds: 0,
      timeoutSeconds: 1,
      users: 0,
      seed: 1,
      ...model,
    });
    assert.deepEqual([result.failed, result.errors.wrongBody], [0, 0], JSON.stringify(result.errors));
    assert.ok(result.completed > 50, String(result.completed));
  }
});

test("tryRequests refuses a request by its name, with what is wrong with the response", async () => {
  const trial = async (behave: Behaviour) => {
    await using server = await StubServer.start(behave);
    const settings = { endpoint: server.endpoint, tls: { insecure: false } };
    await tryRequests([scenario], settings, () => {});
  };
  await trial(items);
  await assert.rejects(
    trial((_, response) => response.writeHead(404).end("no items")),
    /^UserError: the request create \(POST .*\) gets no right response: HTTP 404 no items$/,
  );
  await assert.rejects(
    trial((_, response) => response.writeHead(201).end('{"kind":"user"}')),
    /HTTP 201 with another body than expected: \{"kind":"user"\}/,
  );
  await assert.rejects(
    trial((request) => request.socket.destroy()),
    /the request create .*(socket|closed)/,
  );
});
