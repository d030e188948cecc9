import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { packageFolders, renderNotices } from "./notices.ts";

function packageIn(t: TestContext, facts: object, files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "notices-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const all = { "package.json": JSON.stringify(facts), ...files };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
  return folder;
}

test("packageFolders finds the innermost package of each file, once", () => {
  assert.deepEqual(
    packageFolders([
      "/a/src/main.ts",
      "/a/node_modules/pino/pino.js",
      "/a/node_modules/pino/lib/tools.js",
      "/a/node_modules/@redis/client/dist/index.js",
      "/a/node_modules/pino/node_modules/@x/y/index.js",
    ]),
    ["/a/node_modules/pino", "/a/node_modules/@redis/client", "/a/node_modules/pino/node_modules/@x/y"],
  );
});

test("renderNotices has the same text for the same packages in any order, with the line ends of Unix", (t) => {
  const a = packageIn(t, { name: "a", version: "1.0.0", license: "MIT" }, { LICENSE: "one\r\ntwo\r\n" });
  const b = packageIn(
    t,
    { name: "b", version: "2.0.0", license: "Apache-2.0" },
    { "LICENSE.md": "text of b", NOTICE: "notice of b", "license-check.js": "code" },
  );
  const text = renderNotices([b, a, b]);
  assert.equal(text, renderNotices([a, b]));
  assert.deepEqual(text.split(`\n${"-".repeat(80)}\n\n`), [
    "a 1.0.0 (MIT)\n\none\ntwo\n",
    "b 2.0.0 (Apache-2.0)\n\ntext of b\n\nnotice of b\n",
  ]);
});

test("renderNotices names licence and author of a package without a licence file", (t) => {
  const facts = { name: "c", version: "3.0.0", license: "ISC", author: { name: "Ada" } };
  assert.equal(
    renderNotices([packageIn(t, facts)]),
    "c 3.0.0 (ISC)\n\nThis package has no file with its licence. Author: Ada.\n",
  );
});

test("renderNotices refuses a package without any licence", (t) => {
  const folder = packageIn(t, { name: "d", version: "4.0.0" });
  assert.throws(() => renderNotices([folder]), /^Error: d 4\.0\.0 has no licence/);
});
