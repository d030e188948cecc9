import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { replaceByRename, writeWhole } from "./write-whole.ts";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "write-whole-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

test("writeWhole replaces a file, with the permissions it is given", async (t) => {
  const path = join(await folder(t), "secret");
  await writeFile(path, "old", { mode: 0o644 });
  await writeWhole(path, "new", 0o600);
  assert.equal(await readFile(path, "utf8"), "new");
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("replaceByRename replaces a link", async (t) => {
  const path = join(await folder(t), "link");
  await symlink("old", path);
  await replaceByRename(path, (part) => symlink("new", part));
  assert.equal(await readlink(path), "new");
});

test("replaceByRename leaves the old file, and nothing beside it, when the new one cannot be made", async (t) => {
  const dir = await folder(t);
  const path = join(dir, "file");
  await writeFile(path, "old");
  const full = new Error("no space left");
  const make = async (part: string) => {
    await writeFile(part, "ne");
    throw full;
  };
  await assert.rejects(replaceByRename(path, make), full);
  assert.deepEqual(await readdir(dir), ["file"]);
  assert.equal(await readFile(path, "utf8"), "old");
});
