import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { optionsIn } from "./generate/documentation.ts";
import { generatedFiles } from "./generate/files.ts";
import { sections } from "./stack-config.ts";

const root = join(import.meta.dirname, "..");

for (const [path, text] of Object.entries(generatedFiles(root)))
  test(`${path} is up to date`, () => {
    assert.ok(readFileSync(join(root, path), "utf8") === text, `${path} is stale: run npm run generate`);
  });

test("Pulumi.yaml gives every section a default, because Pulumi refuses a stack without the others", () => {
  const { config } = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8"));
  assert.deepEqual(Object.keys(config), Object.keys(sections));
  for (const [name, section] of Object.entries<{ default?: unknown }>(config))
    assert.deepEqual(section.default, {}, name);
});

test("docs/configuration.md has a row for every option, which says what the option does", () => {
  const rows = readFileSync(join(root, "docs/configuration.md"), "utf8").split("\n");
  for (const [name, item] of Object.entries(sections))
    for (const [path, { doc }] of optionsIn(item, name)) {
      assert.match(doc, /^[A-Z`].*\.$/, path);
      assert.ok(
        rows.some((row) => row.startsWith(`| \`${path}\` |`) && row.endsWith(` | ${doc} |`)),
        path,
      );
    }
});
