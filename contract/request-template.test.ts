import assert from "node:assert/strict";
import { test } from "node:test";
import { missingNames, parseTemplate } from "./request-template.ts";

test("parseTemplate reads every generator, and leaves other texts as they are", () => {
  assert.deepEqual(parseTemplate("/items?limit=10"), ["/items?limit=10"]);
  assert.deepEqual(parseTemplate(""), []);
  assert.deepEqual(parseTemplate("/u/{{id: 1..1000 zipf}}/{{ id }}"), [
    "/u/",
    { name: "id", generator: { kind: "integer", from: 1, to: 1000, isZipf: true } },
    "/",
    { name: "id", generator: { kind: "same" } },
  ]);
  const [choice] = parseTemplate("{{size: s|m|l}}");
  assert.deepEqual(choice, { name: "size", generator: { kind: "choice", values: ["s", "m", "l"] } });
  assert.deepEqual(parseTemplate('{"a":{"b":1}}'), ['{"a":{"b":1}}']);
  const [env] = parseTemplate("{{token: env API_TOKEN}}");
  assert.deepEqual(env, { name: "token", generator: { kind: "env", name: "API_TOKEN" } });
});

test("parseTemplate refuses what is none of the generators, with the part", () => {
  for (const part of [
    "{{}}",
    "{{id: 9..1}}",
    "{{id: 1..9 normal}}",
    "{{1: uuid}}",
    "{{id: 0..1000000 zipf}}",
    "{{x: env 1A}}",
  ])
    assert.throws(
      () => parseTemplate(`/a/${part}`),
      new RegExp(part.slice(0, 4).replace(/[{}]/g, "\\$&")),
      part,
    );
  assert.throws(() => parseTemplate("/a/{{id"), /has no end/);
});

test("missingNames names what is used and made nowhere", () => {
  const path = parseTemplate("/u/{{id}}");
  assert.deepEqual(missingNames([path]), ["id"]);
  assert.deepEqual(missingNames([path, parseTemplate("{{id: uuid}}")]), []);
});

test("parseTemplate reads references to responses and files, which need no name", () => {
  const generators = (text: string) =>
    parseTemplate(text).map((part) => typeof part !== "string" && part.generator);
  assert.deepEqual(generators("{{from: login.token}}"), [{ kind: "from", request: "login", value: "token" }]);
  assert.deepEqual(generators("{{file: data/a b.json}}"), [{ kind: "file", path: "data/a b.json" }]);
  assert.deepEqual(generators("{{csv: data/users.csv.first name}}{{csv: u.csv.id random}}"), [
    { kind: "csv", path: "data/users.csv", column: "first name", isRandom: false },
    { kind: "csv", path: "u.csv", column: "id", isRandom: true },
  ]);
  for (const wrong of ["{{from: login}}", "{{from: Login.token}}", "{{csv: users}}", "{{csv: data/users}}"])
    assert.throws(() => parseTemplate(wrong), /is no generator/, wrong);
});

test("names that are words of references keep other generators", () => {
  assert.deepEqual(parseTemplate("{{from: 1..5}}"), [
    { name: "from", generator: { kind: "integer", from: 1, to: 5, isZipf: false } },
  ]);
  assert.deepEqual(missingNames([parseTemplate("{{from: login.token}} {{from: login.token}}")]), []);
  assert.deepEqual(missingNames([parseTemplate("{{file}}")]), ["file"]);
});
