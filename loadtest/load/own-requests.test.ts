import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestConfig } from "../../contract/outputs.ts";
import { seededRandom } from "../../measure/random.ts";
import { compileRequest } from "./own-requests.ts";

const request = (more: Partial<RequestConfig> = {}): RequestConfig => ({
  method: "GET",
  path: "/items",
  headers: {},
  ...more,
  expect: { statuses: [], json: {}, ...more.expect },
});
const compile = (config: RequestConfig, env = {}) => compileRequest("list", config, seededRandom(1), env);
const verifies = (expect: Partial<RequestConfig["expect"]>, body: string) =>
  compile(request({ expect: { statuses: [], json: {}, ...expect } }))().verify(body);

test("a request without generators is the same object each time", () => {
  const next = compile(request());
  assert.equal(next(), next());
});

test("a name has one value in all texts of a request, and another in the next one", () => {
  const next = compile(
    request({
      method: "PUT",
      path: "/items/{{id: 1..1000000}}",
      headers: { "x-item": "{{id}}" },
      body: '{"id":{{id}},"key":"{{key: uuid}}"}',
    }),
  );
  const [one, other] = [next(), next()];
  const id = /\d+/.exec(one.path)?.[0];
  assert.equal(one.headers?.["x-item"], id);
  assert.equal((JSON.parse(one.body ?? "") as { id: number }).id, Number(id));
  assert.notEqual(one.path, other.path);
});

test("integers stay in their range, and zipf prefers the first ones", () => {
  const counts = (range: string) => {
    const next = compile(request({ path: `/{{id: ${range}}}` }));
    const ids = Array.from({ length: 4000 }, () => Number(next().path.slice(1)));
    return [10, 11, 12, 13].map((id) => ids.filter((found) => found === id).length);
  };
  for (const count of counts("10..13")) assert.ok(count > 850 && count < 1150, String(count));
  const [first = 0, , , last = 0] = counts("10..13 zipf");
  assert.ok(first > 3 * last, `${first} and ${last}`);
});

test("a variable of the environment is required before the run", () => {
  const config = request({ headers: { authorization: "Bearer {{token: env TOKEN}}" } });
  assert.equal(compile(config, { TOKEN: "secret" })().headers?.authorization, "Bearer secret");
  assert.throws(() => compile(config), /the request list needs the variable TOKEN/);
});

test("the expectation finds wrong bodies", () => {
  assert.ok(verifies({}, "anything"));
  assert.ok(verifies({ contains: "ok" }, "all ok"));
  assert.ok(!verifies({ contains: "ok" }, "all is well"));
  assert.ok(verifies({ maxBody: 4 }, "four"));
  assert.ok(!verifies({ maxBody: 4 }, "füürs"));
  const json = { "/items/0/name": "Ada", "/count": "2", "/a~1b": "true" };
  const body = { items: [{ name: "Ada" }], count: 2, "a/b": true };
  assert.ok(verifies({ json }, JSON.stringify(body)));
  assert.ok(!verifies({ json }, JSON.stringify({ ...body, count: 3 })));
  assert.ok(!verifies({ json }, JSON.stringify({ ...body, items: [] })));
  assert.ok(!verifies({ json }, "no JSON"));
});
