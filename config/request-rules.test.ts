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

const login = { method: "POST", path: "/login", keep: { token: "/token", csrf: "header X-Csrf" } };
const mine = { path: "/me", headers: { authorization: "Bearer {{from: login.token}}" } };

test("validate takes requests that use values of others, files and rows", () => {
  const photo = {
    method: "PUT",
    path: "/files/{{csv: data/files.csv.name}}",
    headers: { "x-owner": "{{csv: data/files.csv.owner}}" },
    body: "{{file: ../other/photo.jpg}}",
  };
  const scenarios = { signed: { mix: { mine: 1, photo: 1 }, before: ["login"], cookies: true } };
  assert.deepEqual(problems({ requests: { login, mine, photo }, scenarios }), []);
});

test("validate refuses values that no request keeps, and requests that could not be sent first", () => {
  const { token: _, ...others } = { ...login.keep };
  for (const [requests, rule] of [
    [
      { mine },
      /requests\.mine\.headers\.authorization needs a value of the request login, and there is mine$/,
    ],
    [{ login: { ...login, keep: others }, mine }, /needs the value token, and the request login keeps csrf$/],
    [{ login: { ...login, keep: {} }, mine }, /the request login keeps none$/],
    [
      { login: { ...login, path: "/{{from: login.token}}" } },
      /requests\.login must not need a value of its own response$/,
    ],
    [
      { login: { ...login, path: "/{{from: mine.id}}" }, mine: { ...mine, keep: { id: "/id" } } },
      /requests\.login must not need values in a circle/,
    ],
    [{ login: { ...login, keep: { token: "token" } } }, /keep\.token must be a JSON pointer/],
    [{ login: { ...login, keep: { "a b": "/a" } } }, /keep.* must be a name/],
    [{ list: { path: "/{{file: a.txt}}" } }, /list\.path is for bodies only/],
    [
      { list: { path: "/{{csv: /home/a.csv.id}}" } },
      /list\.path must be a path relative to the folder of Pulumi\.yaml/,
    ],
    [
      { list: { path: "/{{csv: a.csv.id}}/{{csv: a.csv.name random}}" } },
      /list has rows at random and in turn/,
    ],
    [
      { list: { path: "/{{from: login}}" } },
      /list\.path must be \{\{name: 1\.\.1000\}\}.*\{\{from: request\.value\}\}/,
    ],
  ] as const)
    assert.match(problems({ requests }).join("\n"), rule, JSON.stringify(requests));
  const [circle] = problemsOf({
    loadtest: {
      requests: {
        a: { path: "/{{from: b.x}}", keep: { x: "/x" } },
        b: { path: "/{{from: a.x}}", keep: { x: "/x" } },
      },
    },
  });
  assert.equal(circle?.value, "a → b → a");
});

test("validate refuses first requests that are none of loadtest.requests, or given twice", () => {
  const scenarios = (before: string[]) => ({ signed: { mix: { light: 1 }, before } });
  assert.match(
    problems({ requests: { login }, scenarios: scenarios(["logn"]) }).join(),
    /^loadtest\.scenarios\.signed\.before\[0\] must be a request of loadtest\.requests: there is login$/,
  );
  assert.match(
    problems({ requests: { login }, scenarios: scenarios(["login", "login"]) }).join(),
    /no other item has/,
  );
});
