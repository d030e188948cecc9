import assert from "node:assert/strict";
import { test } from "node:test";
import { textFiles } from "./text-files.ts";

/** Spellings that docs/style.md rules out, and what to write instead. Biome has no rules for them. */
const rules: readonly { name: string; refused: RegExp; write: string }[] = [
  { name: "spreads of object literals", refused: /\.{3}\{/, write: "one property on each line" },
  { name: "@throws without a type", refused: /@throws (?!\{)/, write: "@throws {Type} when …" },
  {
    name: "default imports of node:path, node:fs and node:os",
    refused: /import (\* as )?\w+ from "node:(path|fs|os)"/,
    write: 'import { join } from "node:path"',
  },
  {
    name: "private fields in TypeScript's way",
    refused: /^\s+private (static )?(readonly )?\w+( =|:|;)/,
    write: "#name",
  },
];

const code = (await textFiles()).filter(
  ({ path }) => /\.(ts|mjs|js)$/.test(path) && !path.endsWith("dialect.test.ts"),
);

for (const { name, refused, write } of rules) {
  test(`code has no ${name}`, () => {
    const uses = code.flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index) => (refused.test(line) ? [`${path}:${index + 1}`] : [])),
    );
    assert.deepEqual(uses, [], `write: ${write}`);
  });
}
