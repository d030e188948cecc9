import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Environment } from "../app/src/config/config.ts";

const documented = new Map(
  [
    ...readFileSync(new URL("../docs/api.md", import.meta.url), "utf8").matchAll(
      /^\| `([A-Z_]+)` \| (.*?) \|/gm,
    ),
  ].map(([, name = "", value = ""]) => [name, value]),
);

test("docs/api.md lists every variable and no other", () => {
  assert.deepEqual([...documented.keys()].sort(), Object.keys(Environment.properties).sort());
});

for (const [name, { default: value }] of Object.entries(Environment.properties)) {
  if (value === undefined || value === "" || name === "POD_NAME") continue;
  test(`docs/api.md has the default of ${name}`, () => {
    assert.equal(documented.get(name), String(value));
  });
}
