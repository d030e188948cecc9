import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withDefaults } from "./defaults.ts";

const documented = readFileSync(join(import.meta.dirname, "..", "docs", "configuration.md"), "utf8");

test("docs/configuration.md names every path that has a default", () => {
  for (const [section, values] of Object.entries(withDefaults({}))) {
    for (const key of Object.keys(values as object)) {
      assert.ok(documented.includes(`${section}.${key}`), `${section}.${key}`);
    }
  }
});
