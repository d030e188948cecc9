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
