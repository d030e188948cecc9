import assert from "node:assert/strict";
import { test } from "node:test";
import { importCircles } from "./import-circles.ts";
import { textFiles } from "./text-files.ts";

const circlesOf = (files: Record<string, string>) =>
  importCircles(Object.entries(files).map(([path, text]) => ({ path, text })));

test("no files of the repository import each other in a circle", async () => {
  const sources = (await textFiles()).filter(({ path }) => /\.(?:ts|mjs|js)$/.test(path));
  assert.deepEqual(importCircles(sources), []);
});

test("importCircles finds a circle through type imports and folders", () => {
  const files = {
    "a/one.ts": 'import { two } from "./two.ts";',
    "a/two.ts": 'import type { Three } from "../b/three.ts";',
    "b/three.ts": 'export { one } from "../a/one.ts";',
    "b/four.ts": 'await import("./three.ts");',
  };
  assert.deepEqual(circlesOf(files), [["a/one.ts", "a/two.ts", "b/three.ts"]]);
});

test("importCircles finds a file that imports itself", () => {
  assert.deepEqual(circlesOf({ "a.ts": 'import "./a.ts";' }), [["a.ts"]]);
});

test("importCircles finds nothing when files only share an import", () => {
  const files = { "a.ts": 'import "./c.ts";\nimport "./b.ts";', "b.ts": 'import "./c.ts";', "c.ts": "" };
  assert.deepEqual(circlesOf(files), []);
});
