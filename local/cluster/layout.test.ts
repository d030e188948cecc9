import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const home = await mkdtemp(join(tmpdir(), "layout-test-"));
process.env.BREAKWATER_HOME = home;
const { requireOwnFolder } = await import("./layout.ts");
after(() => rm(home, { recursive: true }));

test("an empty folder can become the data folder", async () => {
  await requireOwnFolder();
});

test("a folder with Pulumi's state, made before the cluster, is ours", async () => {
  await writeFile(join(home, "passphrase"), "");
  await requireOwnFolder();
});

test("refuses a folder that holds things of others, and leaves it as it is", async () => {
  await writeFile(join(home, "thesis.tex"), "");
  const before = await stat(home);
  await assert.rejects(requireOwnFolder(), {
    message: `the data folder ${home} holds thesis.tex, which breakwater did not make`,
    exitCode: 2,
  });
  assert.deepEqual((await readdir(home)).sort(), ["passphrase", "thesis.tex"]);
  assert.equal((await stat(home)).mode, before.mode);
});

test("a marked folder is ours whatever is in it", async () => {
  await writeFile(join(home, ".breakwater"), "");
  await requireOwnFolder();
});
