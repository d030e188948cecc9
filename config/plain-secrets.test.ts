import assert from "node:assert/strict";
import { test } from "node:test";
import { plainSecrets } from "./plain-secrets.ts";

const cases: [string, string[]][] = [
  ["config:\n  breakwater:registry: { password: hush }", ["registry.password"]],
  [
    "config:\n  registry: { password: hush }\n  breakwater:database: { url: x }",
    ["registry.password", "database.url"],
  ],
  ["config:\n  breakwater:registry: { password: { secure: v1:x } }", []],
  ["config:\n  breakwater:registry: { secure: v1:x }", []],
  ["config:\n  breakwater:nginx: { tls: { key: hush } }", ["nginx.tls.key"]],
  ["config:\n  breakwater:nginx: { tls: { key: { secure: v1:x } } }", []],
  ["config:\n  other:registry: { password: hush }", []],
  ["config:", []],
  ["", []],
];

for (const [file, found] of cases)
  test(`plainSecrets finds ${found.join(" and ") || "nothing"} in ${JSON.stringify(file)}`, () => {
    assert.deepEqual(plainSecrets(file, "breakwater"), found);
  });
