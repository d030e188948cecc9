import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { names, type StoredImage, storedImages, unusedImages } from "./image-store.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const image = (tags: string[], letter: string, more: Partial<StoredImage> = {}): StoredImage => ({
  repository: "breakwater/api",
  digest: digest(letter),
  tags,
  pushedMs: 0,
  ...more,
});
const registry = "localhost:5000";
const options = { registry, keep: ["breakwater/node:24"], nowMs: 3_600_001, graceMs: 3_600_000 };

test("names finds an image by its whole tag or its digest", () => {
  const api = image(["1a"], "a");
  assert.ok(names('"localhost:5000/breakwater/api:1a"', registry, api));
  assert.ok(names('"localhost:5000/breakwater/api:1a@sha256:0"', registry, api));
  assert.ok(names("localhost:5000/breakwater/api:1ab localhost:5000/breakwater/api:1a", registry, api));
  assert.ok(names(`docker-pullable://x@${digest("a")}`, registry, api));
  assert.ok(!names("localhost:5000/breakwater/api:1ab", registry, api));
  assert.ok(!names("localhost:5000/other/api:1a", registry, api));
});

test("unusedImages keeps what a state or a pod refers to, base images, and what was pushed in the last hour", () => {
  const images = [
    image(["used"], "a"),
    image(["old"], "b"),
    image([], "c"),
    image([], "d"),
    image(["new"], "e", { pushedMs: 2 }),
    image(["24"], "f", { repository: "breakwater/node" }),
  ];
  const references = ["localhost:5000/breakwater/api:used", `image@${digest("c")}`];
  assert.deepEqual(
    unusedImages(images, references, options).map((each) => each.digest),
    [digest("b"), digest("d")],
  );
});

test("storedImages reads the images of this project's repositories with their tags", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "registry-"));
  t.after(() => rm(root, { recursive: true }));
  const link = async (path: string, target: string, seconds: number) => {
    const file = join(root, "docker/registry/v2/repositories", path, "link");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, target);
    await utimes(file, seconds, seconds);
  };
  const revision = (letter: string): string => `_manifests/revisions/sha256/${letter.repeat(64)}`;
  await link(`breakwater/api/${revision("a")}`, digest("a"), 10);
  await link("breakwater/api/_manifests/tags/one/current", digest("a"), 20);
  await link(`breakwater/api/${revision("b")}`, digest("b"), 30);
  await link(`team/breakwater/api/${revision("c")}`, digest("c"), 40);
  await link(`mine/${revision("d")}`, digest("d"), 50);
  const deleted = join(root, "docker/registry/v2/repositories/breakwater/api", revision("e"));
  await mkdir(deleted, { recursive: true });
  const found = (await storedImages(root)).sort((a, b) => a.pushedMs - b.pushedMs);
  assert.deepEqual(found, [
    image(["one"], "a", { pushedMs: 20_000 }),
    image([], "b", { pushedMs: 30_000 }),
    image([], "c", { pushedMs: 40_000, repository: "team/breakwater/api" }),
  ]);
  assert.deepEqual(await storedImages(join(root, "none")), []);
});
