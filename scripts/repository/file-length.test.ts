import assert from "node:assert/strict";
import { test } from "node:test";
import { textFiles } from "./text-files.ts";

const maxLines = 300;

test(`no code file has more than ${maxLines} lines`, async () => {
  const code = (await textFiles()).filter(({ path }) => /\.(ts|mjs|js|css|sh|sql)$/.test(path));
  const tooLong = code
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
  assert.deepEqual(tooLong, [], "split these files: one noun each");
});
