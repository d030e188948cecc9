import assert from "node:assert/strict";
import { test } from "node:test";
import { findRetiredWords } from "./find-retired-words.ts";
import { retiredWords } from "./retired-words.ts";
import { textFiles } from "./text-files.ts";

test("code and docs use no retired word", async () => {
  const files = await textFiles();
  const uses = findRetiredWords(files).map(
    ({ path, line, found, say }) => `${path}:${line}: "${found}", say: ${say}`,
  );
  assert.equal(uses.length, 0, `retired words (docs/style.md):\n${uses.join("\n")}`);
});

test("docs/style.md lists exactly the retired words", async () => {
  const style = (await textFiles()).find(({ path }) => path === "docs/style.md")?.text ?? "";
  const [, table = ""] = /\| retired \| say \|\n\| --- \| --- \|\n((?:\|.*\n)*)/.exec(style) ?? [];
  const expected = retiredWords.map(({ spellings, say }) => `| ${spellings.join(", ")} | ${say} |\n`);
  assert.equal(table, expected.join(""));
});

const samples: [line: string, found: string[]][] = [
  ["const podLedger = 1;", ["ledger"]],
  ["class LedgerOfPods {}", ["ledger"]],
  ["export const LEDGER_SIZE = 2;", ["ledger"]],
  ["import './pod-ledger.ts';", ["ledger"]],
  ["// Left out for\twant of room.", ["for want of"]],
  ["Ledger and ledger", ["ledger", "ledger"]],
  ["a dialect, a harmonic mean, configured", []],
];
for (const [line, found] of samples) {
  test(`findRetiredWords finds ${found.length} in: ${line}`, () => {
    const uses = findRetiredWords([{ path: "sample.ts", text: `\n${line}` }]);
    assert.deepEqual(
      uses.map((use) => [use.line, use.found]),
      found.map((word) => [2, word]),
    );
  });
}
