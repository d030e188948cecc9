import assert from "node:assert/strict";
import { test } from "node:test";
import { answer } from "./routes.mjs";

test("a thing that was put can be read", () => {
  assert.equal(answer("GET", "/things/1").status, 404);
  assert.equal(answer("PUT", "/things/1", '{"name":"lamp"}').status, 200);
  assert.deepEqual(answer("GET", "/things/1"), { status: 200, body: { name: "lamp" } });
});

test("a thing without a name is refused", () => {
  assert.equal(answer("PUT", "/things/2", "{}").status, 400);
});
