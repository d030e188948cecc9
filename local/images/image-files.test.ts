import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readdir, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { assembleImage } from "./image-files.ts";
import type { Recipe } from "./recipes.ts";
import { neededLibraries } from "./shared-libraries.ts";

const libraries = "/usr/lib/x86_64-linux-gnu";
const recipe: Recipe = {
  name: "tool",
  tag: "1",
  suite: "trixie",
  packages: [],
  programs: [],
  version: [],
  config: [],
};

/** Creates a folder of unpacked packages with these text files, and an empty folder for the image. */
async function folders(
  t: TestContext,
  files: Record<string, string>,
): Promise<{ packages: string; image: string }> {
  const dir = await mkdtemp(join(tmpdir(), "image-files-"));
  t.after(() => rm(dir, { recursive: true }));
  const packages = join(dir, "packages");
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(packages, path)), { recursive: true });
    await writeFile(join(packages, path), text);
  }
  await mkdir(join(dir, "image"));
  return { packages, image: join(dir, "image") };
}

test("assembleImage adds the libraries of a program and the loader", async (t) => {
  // This Node.js is a dynamically linked program. Empty files replace its libraries.
  const needed = await neededLibraries(process.execPath);
  assert.ok(needed.includes("libc.so.6"));
  const names = needed.filter((name) => !name.startsWith("ld-linux"));
  const stubs = [...names, "libgcc_s.so.1"].map((name) => [`${libraries}/${name}`, "stub"]);
  const { packages, image } = await folders(t, {
    ...Object.fromEntries(stubs),
    "/usr/lib64/ld-linux-x86-64.so.2": "loader",
    "/usr/bin/other": "not asked for",
  });
  await copyFile(process.execPath, join(packages, "usr/bin/tool"));
  await assembleImage({ ...recipe, programs: ["/usr/bin/tool"] }, packages, image);
  const found = new Set(await readdir(join(image, libraries)));
  for (const name of names) assert.ok(found.has(name), name);
  assert.deepEqual(await readdir(join(image, "usr/bin")), ["tool"]);
  assert.deepEqual(await readdir(join(image, "lib64")), ["ld-linux-x86-64.so.2"]);
});

test("assembleImage adds the target of a link, and leaves out excluded paths", async (t) => {
  const { packages, image } = await folders(t, { "/etc/tool/real": "text", "/etc/tool/big/file": "" });
  await symlink("real", join(packages, "etc/tool/link"));
  await assembleImage(
    { ...recipe, programs: ["/etc/tool/link"], folders: ["/etc/tool"], without: ["/etc/tool/big"] },
    packages,
    image,
  );
  assert.deepEqual((await readdir(join(image, "etc/tool"))).sort(), ["link", "real"]);
  assert.equal(await readlink(join(image, "etc/tool/link")), "real");
});

test("assembleImage makes /tmp and the writable folders writable for every user", async (t) => {
  const { packages, image } = await folders(t, {});
  await assembleImage({ ...recipe, writable: ["/data"] }, packages, image);
  for (const path of ["data", "tmp"])
    assert.equal((await stat(join(image, path))).mode & 0o7777, 0o1777, path);
});

test("assembleImage names a file that no package contains", async (t) => {
  const { packages, image } = await folders(t, { "/usr/bin/other": "" });
  await assert.rejects(assembleImage({ ...recipe, programs: ["/usr/bin/tool"] }, packages, image), {
    message: "/usr/bin/tool is in none of the packages of a base image",
  });
});

test("neededLibraries returns nothing for a text file", async (t) => {
  const { packages } = await folders(t, { "/script": "#!/bin/sh\n" });
  assert.deepEqual(await neededLibraries(join(packages, "script")), []);
});
