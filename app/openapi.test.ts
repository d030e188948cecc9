import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { openApiDocument } from "./openapi.ts";

const document = await openApiDocument();

test("the OpenAPI document is valid 3.1", async () => {
  const { valid, errors } = await new Validator().validate(
    structuredClone(document) as object as Record<string, unknown>,
  );
  assert.deepEqual({ valid, errors }, { valid: true, errors: undefined });
  assert.match(JSON.stringify(document), /^\{"openapi":"3\.1\.\d"/);
});

test("the OpenAPI document has every public route, and no route of a lab", () => {
  const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method} ${path}`),
  );
  assert.deepEqual(routes.toSorted(), [
    "get /health",
    "get /heavy-task",
    "get /light",
    "get /livez",
    "get /readyz",
    "get /users",
    "get /users/{id}",
    "post /upload",
    "put /users/{id}",
  ]);
});

test("every operation of the OpenAPI document has a summary, a success and the form of errors", () => {
  for (const [path, operations] of Object.entries(document.paths))
    for (const { summary, responses } of Object.values(operations)) {
      assert.match(summary, /^\S.*[^.]$/, path);
      assert.ok(
        Object.keys(responses).some((status) => status.startsWith("2")),
        path,
      );
      assert.deepEqual(responses.default, { $ref: "#/components/responses/Error" });
    }
});
