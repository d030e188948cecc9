import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { ownImageName, readOwnBuild } from "./own-image.ts";

/** A project's folder with these files. */
function project(t: TestContext, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "own-image-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const base = "registry.example.org/node:24@sha256:1";
const images = { node: base, platform: "linux/amd64" };
const read = (folder: string, source: object = {}) =>
  readOwnBuild({ context: "shop", args: {}, ...source }, images, folder);

test("the build of a folder names it relative to the project, and has a digest of its content", async (t) => {
  const files = { "shop/Dockerfile": "FROM scratch", "shop/a.js": "1" };
  const [one, two] = [project(t, files), project(t, files)];
  const build = await read(one);
  assert.deepEqual({ ...build, files: [] }, { ...(await read(two)), files: [] });
  assert.equal(build?.context, "shop");
  assert.equal(build?.dockerfile, "shop/Dockerfile");
  writeFileSync(join(two, "shop/a.js"), "2");
  assert.notEqual((await read(two))?.digest, build?.digest);
});

test("BASE_IMAGE is the kit's Node where the Dockerfile asks for it, and config gives no other", async (t) => {
  const plain = project(t, { "shop/Dockerfile": "FROM scratch" });
  assert.deepEqual((await read(plain))?.args, {});
  const asking = project(t, { "shop/Dockerfile": "ARG BASE_IMAGE=node:24\nFROM $BASE_IMAGE" });
  assert.deepEqual((await read(asking))?.args, { BASE_IMAGE: base });
  assert.deepEqual((await read(asking, { args: { BASE_IMAGE: "other" } }))?.args, { BASE_IMAGE: "other" });
});

test("a folder that is missing, or has no Dockerfile, is refused with the fix", async (t) => {
  const folder = project(t, { "shop/server.js": "" });
  await assert.rejects(
    read(folder, { context: "shpo" }),
    /api\.source\.context is shpo, but there is no folder/,
  );
  await assert.rejects(read(folder), /shop has no Dockerfile; .*api\.source\.dockerfile/);
});

test("a huge folder is refused with its largest parts, unless .dockerignore names them", async (t) => {
  const folder = project(t, { "shop/Dockerfile": "FROM scratch", "shop/data/big": "" });
  truncateSync(join(folder, "shop/data/big"), 600 * 2 ** 20);
  await assert.rejects(read(folder), /601 MiB, more than 512 MiB.* The largest: data \(600 MiB\)/);
  writeFileSync(join(folder, "shop/.dockerignore"), "data\n");
  assert.ok(await read(folder));
});

test("the tag is that of the content and the platform, wherever the folder is", async (t) => {
  const folder = project(t, { "a/Dockerfile": "FROM scratch", "b/c/Dockerfile": "FROM scratch" });
  const nameOf = async (context: string, platform?: string) => {
    const build = await read(folder, { context, platform });
    return build && ownImageName(build, "localhost:5000");
  };
  assert.equal(await nameOf("a"), await nameOf("b/c"));
  assert.equal(await nameOf("a"), await nameOf(join(folder, "a")));
  assert.equal(await nameOf("a"), await nameOf("a", "linux/amd64"));
  assert.notEqual(await nameOf("a"), await nameOf("a", "linux/arm64"));
});

test("a folder that contains the checkout is refused, unless .dockerignore leaves it out", async (t) => {
  const folder = project(t, { Dockerfile: "FROM scratch", "deploy/Pulumi.yaml": "name: shop" });
  const readAll = () => readOwnBuild({ context: "..", args: {} }, images, join(folder, "deploy"));
  await assert.rejects(readAll(), /contains this checkout.*Add deploy to the folder's \.dockerignore/);
  writeFileSync(join(folder, ".dockerignore"), "deploy\n");
  assert.ok(await readAll());
});
