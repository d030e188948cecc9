import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "./testing/problems.ts";

const problems = (loadtest: object) => problemsOf({ loadtest }).map(({ path, rule }) => `${path} ${rule}`);
const list = { path: "/items?page={{page: 1..20}}" };

test("validate takes requests of one's own, and scenarios that mix them", () => {
  const scenarios = { browse: { mix: { list: 4, create: 1, light: 1 } } };
  const create = {
    method: "POST",
    path: "/items/{{id: uuid}}",
    headers: { "If-Match": "{{id}}" },
    body: '{"id":"{{id}}"}',
    expect: { statuses: [201, 409], json: { "/id": 1 }, maxBody: "1 KiB" },
  };
  assert.deepEqual(problems({ requests: { list, create }, scenarios }), []);
});

test("validate refuses requests that the load test could not send", () => {
  for (const [request, rule] of [
    [{}, /requests\.list\.path/],
    [{ path: "items" }, /list\.path must be a path/],
    [{ path: "/a b" }, /list\.path must be a path/],
    [{ path: "/items/{{id: 9..1}}" }, /list\.path must be \{\{name: 1\.\.1000\}\}/],
    [{ path: "/items/{{id}}" }, /list has no generator of this name/],
    [{ path: "/items", body: "{}" }, /list\.body is not sent with GET/],
    [{ path: "/items", headers: { "a b": "c" } }, /list\.headers.* must be the name of a header/],
    [{ path: "/items", headers: { a: "b\r\nc: d" } }, /list\.headers\.a must be one line/],
    [{ path: "/items", expect: { statuses: [99] } }, /statuses/],
    [{ path: "/items", expect: { json: { name: "a" } } }, /must be a JSON pointer/],
  ] as const)
    assert.match(problems({ requests: { list: request } }).join("\n"), rule, JSON.stringify(request));
  assert.match(problems({ requests: { light: list } }).join(), /is a request of the kit's example API/);
});

test("validate refuses a mix of requests that there are not", () => {
  const [problem = ""] = problems({ requests: { list }, scenarios: { browse: { mix: { lst: 1 } } } });
  assert.match(problem, /^loadtest\.scenarios\.browse\.mix\.lst is no request: there is light, .*, list$/);
});

test("validate refuses two generators of one name, and takes the same one twice", () => {
  const rules = (path: string) =>
    problemsOf({ loadtest: { requests: { one: { path } } } }).map(({ rule }) => rule);
  assert.match(
    rules("/api/{{id: 1..5}}?id={{id: 100..200}}").join(),
    /^has two different generators of this name/,
  );
  assert.deepEqual(rules("/api/{{id: 1..5}}?id={{id: 1..5}}&again={{id}}"), []);
});
