import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const home = await mkdtemp(join(tmpdir(), "layout-test-"));
process.env.BREAKWATER_HOME = home;
const { requireOwnFolder } = await import("./layout.ts");
after(() => rm(home, { recursive: true }));

test("requireOwnFolder accepts an empty folder", async () => {
  await requireOwnFolder();
});

test("requireOwnFolder accepts a folder with the files of Pulumi's environment", async () => {
  await writeFile(join(home, "passphrase"), "");
  await requireOwnFolder();
});

test("requireOwnFolder refuses a folder with other files, and does not change it", async () => {
  await writeFile(join(home, "thesis.tex"), "");
  const before = await stat(home);
  await assert.rejects(requireOwnFolder(), {
    message: `the data folder ${home} holds thesis.tex, which breakwater did not make`,
    exitCode: 2,
  });
  assert.deepEqual((await readdir(home)).sort(), ["passphrase", "thesis.tex"]);
  assert.equal((await stat(home)).mode, before.mode);
});

test("requireOwnFolder accepts a marked folder with other files", async () => {
  await writeFile(join(home, ".breakwater"), "");
  await requireOwnFolder();
});
