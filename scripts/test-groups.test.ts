import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { groupTests, writeGroups } from "./test-groups.ts";

const plain = 'test("adds", () => {});\n';

test("groupTests puts the files of a room into one group, the largest first", () => {
  const files = new Map([
    ["nginx/a.test.ts", plain],
    ["app/src/a.test.ts", plain],
    ["app/src/deep/b.test.ts", plain],
  ]);
  assert.deepEqual(groupTests(files), {
    groups: [
      { room: "app", files: ["app/src/a.test.ts", "app/src/deep/b.test.ts"] },
      { room: "nginx", files: ["nginx/a.test.ts"] },
    ],
    alone: [],
  });
});

for (const text of [
  "before(createStack);",
  "beforeEach(() => {});",
  '  afterEach(() => stop("sleeper"));',
  "process.env.HOME = folder;",
  "delete process.env.HOME;",
  't.mock.timers.enable({ apis: ["setInterval"] });',
  'process.on("exit", () => {});',
  "// Needs a process of its own: the heap is measured.",
])
  test(`groupTests gives a file with ${JSON.stringify(text)} a process of its own`, () => {
    const { groups, alone } = groupTests(new Map([["k8s/a.test.ts", `${plain}${text}\n`]]));
    assert.deepEqual([groups, alone], [[], ["k8s/a.test.ts"]]);
  });

test("groupTests leaves a file with clean-up and an environment for a child in its group", () => {
  const text = "after(() => rmSync(folder));\nt.after(stop);\nspawn(node, { env: { ...process.env } });\n";
  assert.deepEqual(groupTests(new Map([["k8s/a.test.ts", text]])).alone, []);
});

function runGroup(root: string, files: string[]) {
  const modules = writeGroups([{ room: "room", files }], join(root, ".build"), root);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = ["--test", "--test-reporter=tap", ...modules];
  return spawnSync(process.execPath, args, { env, encoding: "utf8" });
}

test("a group runs all its files, names the file and the test that failed, and fails", (t) => {
  const root = mkdtempSync(join(tmpdir(), "groups-"));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (file: string, body: string) =>
    writeFileSync(join(root, file), `import { test } from "node:test";\n${body}\n`);
  write("good.test.mjs", 'test("good", () => {});');
  write("broken.test.mjs", 'import "./no-such-file.mjs";');
  write("bad.test.mjs", '\ntest("bad", () => { throw new Error("seen"); });');
  const run = runGroup(root, ["broken.test.mjs", "bad.test.mjs", "good.test.mjs"]);
  assert.equal(run.status, 1);
  assert.match(run.stdout, /^not ok \d+ - broken\.test\.mjs loads$/m);
  assert.match(run.stdout, /Cannot find module .*no-such-file\.mjs/);
  assert.match(run.stdout, /^not ok \d+ - bad$/m);
  assert.match(run.stdout, /location: '.*\/bad\.test\.mjs:3:\d+'/);
  assert.match(run.stdout, /^# tests 4\n# suites 0\n# pass 2\n# fail 2$/m);
});

test("a group runs no test before all its files are loaded, and tests one after the other", (t) => {
  const root = mkdtempSync(join(tmpdir(), "groups-"));
  t.after(() => rmSync(root, { recursive: true }));
  const first = `import { test } from "node:test";
test("first", async () => {
  if (!globalThis.secondLoaded) throw new Error("too early");
  await new Promise((go) => setTimeout(go, 20));
  globalThis.firstDone = true;
});`;
  const second = `import { test } from "node:test";
await new Promise((go) => setTimeout(go, 50));
globalThis.secondLoaded = true;
test("second", () => { if (!globalThis.firstDone) throw new Error("at the same time"); });`;
  writeFileSync(join(root, "first.test.mjs"), first);
  writeFileSync(join(root, "second.test.mjs"), second);
  const run = runGroup(root, ["first.test.mjs", "second.test.mjs"]);
  assert.match(run.stdout, /^# tests 3\n# suites 0\n# pass 3\n# fail 0$/m);
});
