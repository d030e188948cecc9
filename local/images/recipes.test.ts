import assert from "node:assert/strict";
import { test } from "node:test";
import { dockerfile } from "./base-images.ts";
import { imageName, isWithinTag, recipes } from "./recipes.ts";

test("imageName names an image in the embedded registry by its version", () => {
  assert.deepEqual(recipes.map(imageName).sort(), [
    "localhost:5000/breakwater/nginx:1.30",
    "localhost:5000/breakwater/node:24",
    "localhost:5000/breakwater/pause:3",
    "localhost:5000/breakwater/postgres:17",
    "localhost:5000/breakwater/redis:8.0",
    "localhost:5000/breakwater/valkey:9.1",
  ]);
});

for (const [version, tag, isWithin] of [
  ["8.0.2", "8.0", true],
  ["8.2.1", "8.0", true],
  ["9.0.0", "8.0", false],
  ["7.0.15", "8.0", false],
  ["1.26.3", "1.30", false],
  ["17.12", "17", true],
  ["18.0", "17", false],
  ["24.21.0", "24", true],
] as const) {
  test(`version ${version} ${isWithin ? "belongs" : "does not belong"} under tag ${tag}`, () => {
    assert.equal(isWithinTag(version, tag), isWithin);
  });
}

test("only images whose pods run shell programs contain a shell, and no image contains a package manager", () => {
  const withShell = recipes.filter(({ programs }) => programs.some((path) => /\/(ba|da)?sh$/.test(path)));
  assert.deepEqual(
    withShell.map(({ name }) => name),
    ["redis", "valkey", "postgres"],
  );
  const all = recipes.flatMap(({ programs, folders = [] }) => [...programs, ...folders]);
  assert.deepEqual(
    all.filter((path) => /apt|dpkg|^\/usr\/s?bin$|^\/usr$/.test(path)),
    [],
  );
});

test("every image runs as the numeric user and has labels for its inputs and version", () => {
  for (const recipe of recipes) {
    const lines = dockerfile(recipe, "abc", "1.2.3").split("\n");
    assert.ok(lines.includes("USER 10001:10001"));
    assert.ok(lines.includes("LABEL dev.breakwater.inputs=abc org.opencontainers.image.version=1.2.3"));
    assert.equal(lines.filter((line) => line.startsWith("USER")).length, 1);
  }
});
