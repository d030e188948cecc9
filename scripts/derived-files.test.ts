import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { derivedFiles } from "./derived-files.ts";
import { projectRoot } from "./stack.ts";

for (const [path, text] of Object.entries(await derivedFiles()))
  test(`${path} is up to date`, () => {
    assert.ok(
      readFileSync(join(projectRoot, path), "utf8") === text,
      `${path} is stale: run npm run generate`,
    );
  });
