import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { openApiDocument } from "../app/openapi.ts";
import { buildTestApi } from "../app/testing/api.ts";
import { form } from "../app/testing/form.ts";

interface Content {
  content: { "application/json": { schema: object } };
}

const document = await openApiDocument();
const { components } = document as unknown as { components: { responses: { Error: Content } } };
const upload = form({ content: "abc" });
const json = { "content-type": "application/json" };
const user = JSON.stringify({ name: "Ada", email: "ada@example.com" });

const requests = [
  { method: "GET", url: "/light", path: "/light", status: 200 },
  { method: "PUT", url: "/users/1", path: "/users/{id}", status: 201, headers: json, payload: user },
  { method: "PUT", url: "/users/1", path: "/users/{id}", status: 200, headers: json, payload: user },
  { method: "GET", url: "/users/1", path: "/users/{id}", status: 200 },
  { method: "GET", url: "/users/2", path: "/users/{id}", status: 404 },
  { method: "GET", url: "/users?ids=1,2", path: "/users", status: 200 },
  { method: "GET", url: "/users?ids=0", path: "/users", status: 400 },
  { method: "GET", url: "/heavy-task?n=3", path: "/heavy-task", status: 200 },
  {
    method: "POST",
    url: "/upload",
    path: "/upload",
    status: 200,
    headers: { "content-type": upload.contentType },
    payload: upload.body,
  },
  { method: "GET", url: "/health", path: "/health", status: 200 },
] as const;

test("responses have the form of the OpenAPI document, and no other fields", async (t) => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const { app } = buildTestApi(t);
  for (const { path, status, ...request } of requests) {
    const response = await app.inject(request);
    assert.equal(response.statusCode, status, `${request.method} ${request.url}: ${response.body}`);
    const operation = document.paths[path]?.[request.method.toLowerCase()];
    const { content } = (operation?.responses[status] ?? components.responses.Error) as Content;
    const { schema } = content["application/json"];
    const strict = { ...schema, additionalProperties: false };
    assert.ok(ajv.validate(strict, response.json()), `${request.url}: ${ajv.errorsText()}`);
  }
});
