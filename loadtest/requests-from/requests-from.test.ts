import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { missingNames, parseTemplate } from "../../contract/request-template.ts";
import { fromHar } from "./har.ts";
import { fromOpenApi } from "./openapi.ts";
import { stackTextFrom } from "./read-source.ts";

const item = {
  type: "object",
  required: ["id", "size", "tags"],
  properties: {
    id: { type: "string", format: "uuid" },
    size: { type: "string", enum: ["s", "m"] },
    tags: { type: "array", items: { $ref: "#/components/schemas/Tag" } },
    note: { type: "string" },
  },
};
const openApi = {
  openapi: "3.0.3",
  servers: [{ url: "https://shop.example.org/v1/" }],
  security: [{ bearer: [] }],
  paths: {
    "/items": {
      get: {
        operationId: "listItems",
        parameters: [
          { name: "page", in: "query", required: true, schema: { type: "integer", minimum: 1, maximum: 50 } },
          { name: "sort", in: "query", schema: { type: "string" } },
        ],
        responses: { 200: {} },
      },
      post: {
        operationId: "createItem",
        requestBody: { content: { "application/json": { schema: { $ref: "#/components/schemas/Item" } } } },
        responses: { 201: {}, 400: {} },
      },
    },
    "/items/{id}": {
      parameters: [{ $ref: "#/components/parameters/Id" }],
      get: { responses: { 200: {} }, security: [] },
      put: { requestBody: { content: { "multipart/form-data": {} } } },
    },
    "/loops": { get: { parameters: [{ $ref: "#/components/parameters/Loop" }] } },
    "/other": { get: { parameters: [{ $ref: "other.yaml#/Id" }] } },
  },
  components: {
    schemas: { Item: item, Tag: { type: "string" } },
    parameters: {
      Id: { name: "id", in: "path", required: true, schema: { type: "string", format: "uuid" } },
      Loop: { $ref: "#/components/parameters/Loop" },
    },
  },
};

test("with the prefix / paths are written as they are, those of /api too", () => {
  const document = { openapi: "3.1.0", servers: [{ url: "/v1" }], paths: { "/x": { get: {} } } };
  assert.equal(fromOpenApi(document, "/").requests["get-x"]?.path, "/v1/x");
  const request = { method: "GET", url: "https://shop.example/api/y", headers: [] };
  const entries = [{ request, response: { status: 200 } }];
  const [{ path } = { path: "" }] = Object.values(fromHar({ log: { entries } }, "/").requests);
  assert.equal(path, "/api/y");
});

test("an OpenAPI document becomes a request for each operation, with generators for what it requires", () => {
  const { requests, scenarios, notes } = fromOpenApi(openApi);
  const authorization = "Bearer {{token: env API_TOKEN}}";
  assert.deepEqual(requests, {
    "list-items": {
      path: "/api/v1/items?page={{page: 1..50}}",
      headers: { authorization },
      expect: { statuses: [200] },
    },
    "create-item": {
      method: "POST",
      path: "/api/v1/items",
      headers: { authorization },
      body: '{"id":"{{uuid: uuid}}","size":"s","tags":["text"]}',
      expect: { statuses: [201] },
    },
    "get-items-id": { path: "/api/v1/items/{{id: uuid}}", expect: { statuses: [200] } },
  });
  assert.deepEqual(scenarios.reads?.mix, { "list-items": 1, "get-items-id": 1 });
  assert.equal(scenarios.changes?.enabled, false);
  assert.equal(notes.length, 3);
  assert.match(notes.join("\n"), /PUT \/items\/\{id\}: its body is multipart\/form-data, and not JSON/);
  assert.match(notes.join("\n"), /refers to itself[\s\S]*other\.yaml#\/Id is in another file/);
});

test("versions 2.0 and 3.1 are read too, and others refused", () => {
  const body = {
    in: "body",
    name: "body",
    schema: { type: "object", properties: { a: { type: "integer" } } },
  };
  const old = { swagger: "2.0", basePath: "/api/v2", paths: { "/x/{n}": { post: { parameters: [body] } } } };
  assert.deepEqual(fromOpenApi(old).requests, {
    "post-x-n": { method: "POST", path: "/api/v2/x/{{n: 1..1000}}", body: '{"a":1}' },
  });
  const schema = { type: ["integer", "null"], minimum: 5 };
  const parameters = [{ name: "n", in: "path", required: true, schema }];
  const recent = { openapi: "3.1.0", paths: { "/x/{n}": { get: { parameters } } } };
  assert.equal(fromOpenApi(recent).requests["get-x-n"]?.path, "/api/x/{{n: 5..1004}}");
  assert.throws(() => fromOpenApi({ openapi: "4.0.0", paths: {} }), /its version is "4\.0\.0"/);
});

const entry = (method: string, url: string, more: object = {}, status = 200) => ({
  request: { method, url, headers: [], ...more },
  response: { status },
});

test("an archive becomes requests by path, weighted, and has no credential of the browser", () => {
  const secrets = ["hunter2", "eyJhbGciOi.eyJzdWIiOi.c2ln", "s3ss10n", "k3y", "b4s1c"];
  const headers = [
    { name: "Authorization", value: `Bearer ${secrets[1]}` },
    { name: "Cookie", value: `sid=${secrets[2]}` },
    { name: "X-Api-Key", value: secrets[3] },
    { name: "Accept", value: "application/json" },
    { name: "User-Agent", value: "a browser" },
  ];
  const login = JSON.stringify({ user: "ada", password: secrets[0], nested: { any: secrets[1] } });
  const { requests, scenarios, notes } = fromHar({
    log: {
      entries: [
        entry("GET", `https://ada:${secrets[4]}@shop.example.org/items/7?api_key=k3y&page=2`, { headers }),
        entry("GET", "https://shop.example.org/items/8"),
        entry("POST", "https://shop.example.org/login", { postData: { text: login } }, 204),
        entry("POST", "https://shop.example.org/form", {
          postData: { text: `user=ada&password=${secrets[0]}` },
        }),
        entry("GET", "https://cdn.example.org/logo.png"),
        entry("GET", "https://shop.example.org/templates/{{x}}"),
        entry("GET", "data:image/png;base64,AA"),
      ],
    },
  });
  const text = JSON.stringify(requests);
  for (const secret of secrets) assert.ok(!text.includes(secret), secret);
  assert.ok(!/cookie|user-agent/i.test(text));
  assert.deepEqual(requests["get-items-id"], {
    path: "/api/items/{{id2: 7|8}}?api_key={{api-key: env API_API_KEY}}&page=2",
    headers: {
      authorization: "Bearer {{token: env API_TOKEN}}",
      "x-api-key": "{{x-api-key: env API_X_API_KEY}}",
      accept: "application/json",
    },
    expect: { statuses: [200] },
  });
  assert.deepEqual(scenarios.reads?.mix, { "get-items-id": 2 });
  assert.deepEqual(Object.keys(scenarios.changes?.mix ?? {}), ["post-login", "post-form"]);
  assert.match(notes.join("\n"), /cdn\.example\.org[\s\S]*\{\{ in itself/);
  for (const { path, body = "", headers: own = {} } of Object.values(requests))
    assert.deepEqual(missingNames([path, body, ...Object.values(own)].map(parseTemplate)), []);
});

function file(t: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "requests-from-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test("a login that set a cookie in an archive comes before the scenarios, which keep cookies of their own", () => {
  const answer = (status: number, cookie?: string) => ({
    response: { status, headers: cookie === undefined ? [] : [{ name: "Set-Cookie", value: cookie }] },
  });
  const text = JSON.stringify({ user: "ada", password: "hunter2" });
  const login = entry("POST", "https://shop.example.org/login", { postData: { text } });
  const form = fromHar({
    log: {
      entries: [
        { ...login, ...answer(302, "sid=s3ss10n; Path=/") },
        entry("GET", "https://shop.example.org/items"),
        {
          ...entry("POST", "https://shop.example.org/items", { postData: { text: '{"a":1}' } }),
          ...answer(201, "last=1"),
        },
      ],
    },
  });
  const { reads, changes } = form.scenarios;
  assert.deepEqual([reads?.before, reads?.cookies, reads?.mix], [["post-login"], true, { "get-items": 1 }]);
  assert.deepEqual(
    [changes?.before, changes?.cookies, changes?.mix],
    [["post-login"], true, { "post-items": 1 }],
  );
  assert.deepEqual(form.requests["post-login"]?.expect?.statuses, [302]);
  assert.ok(!JSON.stringify(form).includes("s3ss10n"));
});

test("the text is a stack file with comments about what was left out", (t) => {
  const text = stackTextFrom(file(t, "api.json", JSON.stringify(openApi)), "breakwater");
  assert.match(text, /^# A first form, from api\.json/);
  assert.match(text, /# Left out: PUT \/items/);
  assert.equal(Object.keys(parse(text).config["breakwater:loadtest"].requests).length, 3);
});

test("a file that is neither, is damaged, is missing or has no requests is refused with what is wanted", (t) => {
  for (const text of ["{", "[]", "{}", '{"log":{"entries":[]}}', '{"openapi":"3.0.0","paths":{}}'])
    assert.throws(() => stackTextFrom(file(t, "x.json", text), "breakwater"), {
      name: "UserError",
      exitCode: 2,
      fix: /an OpenAPI document .* or an HTTP archive/,
    });
  assert.throws(() => stackTextFrom("/none.har", "breakwater"), /--from \/none\.har: ENOENT/);
});

test("credentials in paths, queries, nested bodies and notes of an archive are not copied", () => {
  const secret = "hunter2";
  const jwt = "eyJhbGciOi.eyJzdWIiOi.c2ln";
  const random = "4f1c9a7be2d80356aa17c4e9b2d1f077";
  const bodies = [
    { password: { value: secret } },
    [{ name: "password", value: secret }],
    { tokens: [secret] },
    { pwd: secret, note: `Bearer ${jwt}` },
    { text: `{"password":"${secret}"}` },
  ].map((body) => JSON.stringify(body));
  const multipart = `--x\r\nContent-Disposition: form-data; name="password"\r\n\r\n${secret}\r\n--x--`;
  const { requests, notes } = fromHar({
    log: {
      entries: [
        entry("GET", `https://shop.example.org/reset/${jwt}`),
        entry("GET", `https://shop.example.org/invite/${random}?code=${secret}&sid=${secret}&pin=1`),
        ...[...bodies, `p%61ssword=${secret}`, `a=1&pass=${secret}`, `j=${jwt}`].map((text, index) =>
          entry("POST", `https://shop.example.org/post/step${index}`, { postData: { text } }),
        ),
        entry("POST", "https://shop.example.org/upload", { postData: { text: multipart } }),
        entry("OPTIONS", `https://shop.example.org/reset/${random}`),
        entry("GET", "https://shop.example.org/body", { postData: { text: secret } }),
      ],
    },
  });
  const all = JSON.stringify([requests, notes]);
  for (const text of [secret, jwt, random]) assert.ok(!all.includes(text), all);
  assert.equal(Object.keys(requests).length, 10);
  assert.match(
    notes.join("\n"),
    /POST \/upload: its body is neither JSON nor a form[\s\S]*GET \/body: a GET with a body/,
  );
});

test("an archive of HTTP/2 and of kept responses becomes requests that stack config takes", () => {
  const headers = [
    { name: ":authority", value: "shop.example.org" },
    { name: "accept", value: "*/*" },
  ];
  const { requests } = fromHar({
    log: { entries: [entry("GET", "https://shop.example.org/a", { headers }, 304)] },
  });
  assert.deepEqual(requests["get-a"], {
    path: "/api/a",
    headers: { accept: "*/*" },
    expect: { statuses: [200] },
  });
});

test("a parameter of one name in two places has two generators, and an example of a key is none", () => {
  const parameters = [
    { name: "id", in: "path", required: true, schema: { type: "integer", maximum: 5 } },
    { name: "id", in: "query", required: true, schema: { type: "integer", minimum: 100 } },
    { name: "X-Api-Key", in: "header", required: true, example: "k3y" },
  ];
  const { requests } = fromOpenApi({ openapi: "3.1.0", paths: { "/a/{id}": { get: { parameters } } } });
  assert.deepEqual(requests["get-a-id"], {
    path: "/api/a/{{id-path: 1..5}}?id={{id-query: 100..1099}}",
    headers: { "x-api-key": "{{x-api-key: env API_X_API_KEY}}" },
  });
});

test("no line of a comment becomes YAML", (t) => {
  const content = { "text/plain\u0085config: {evil: 1}\u2028#": {} };
  const paths = { "/a": { get: {}, post: { requestBody: { content } } } };
  const text = stackTextFrom(file(t, "x.json", JSON.stringify({ openapi: "3.0.0", paths })), "breakwater");
  assert.ok(!/[\u0085\u2028]/.test(text));
  assert.match(text, /config: \{evil: 1\} #/);
});
