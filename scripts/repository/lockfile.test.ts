import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isFit } from "../node-choice.mjs";
import { root } from "./text-files.ts";

/** A package.json may have a text in place of a list. */
type Allowed = string | readonly string[];

/** What the lockfile says about an installed package. npm checks these fields before it installs anything. */
interface LockedPackage {
  optional?: boolean;
  link?: boolean;
  os?: Allowed;
  cpu?: Allowed;
  libc?: Allowed;
  engines?: { node?: string };
  license?: string;
}

const readJson = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
const { packages } = readJson("package-lock.json") as { packages: Record<string, LockedPackage> };
const { engines } = readJson("package.json") as { engines: { node: string } };
/** Packages that npm cannot leave out: one that does not fit the platform makes `npm ci` fail. */
const required = Object.entries(packages).filter(
  ([path, { optional, link }]) => path !== "" && !optional && !link,
);

/** npm's rule for `os`, `cpu` and `libc`: one of the allowed values, and none with a `!` in front. */
function admits(allowed: Allowed | undefined, value: string): boolean {
  const list = [allowed ?? []].flat();
  return (
    !list.includes(`!${value}`) &&
    (list.every((each) => each.startsWith("!")) || list.includes(value) || list.includes("any"))
  );
}

const refusingPlatform = (os: string, cpu: string, libc: string) =>
  required
    .filter(([, locked]) => !(admits(locked.os, os) && admits(locked.cpu, cpu) && admits(locked.libc, libc)))
    .map(([path]) => path);

for (const [os, cpu, libc] of [
  ["linux", "x64", "glibc"],
  ["linux", "x64", "musl"],
  ["linux", "arm64", "glibc"],
  ["darwin", "arm64", ""],
  ["darwin", "x64", ""],
  ["win32", "x64", ""],
  ["win32", "arm64", ""],
] as const)
  test(`npm ci finds every required package fit for ${[os, cpu, libc].filter(Boolean).join(" ")}`, () => {
    assert.ok(required.length > 100);
    assert.deepEqual(refusingPlatform(os, cpu, libc), []);
  });

test("the check of platforms notices a required package for one platform", () => {
  assert.equal(admits(["linux"], "darwin"), false);
  assert.equal(admits("linux", "darwin"), false);
  assert.equal(admits("linux", "linux"), true);
  assert.equal(admits(["!win32"], "win32"), false);
  assert.equal(admits(["!win32"], "darwin"), true);
  assert.equal(admits(undefined, "darwin"), true);
});

test("no required package refuses the oldest Node.js of package.json, or the Node.js after it", () => {
  const oldest = engines.node.replace(">=", "");
  // The forms ">=18", ">= 18.1.0" and "20 || >=22.2" of engines.node; a package may name others, which this test then names.
  const refusing = required.flatMap(([path, { engines: needed }]) => {
    const ranges = (needed?.node ?? "*").split("||").map((range) => range.trim().replace(/^>=\s*/, ">="));
    const isFitOf = (version: string) =>
      ranges.some((range) => {
        if (range === "*" || range === "") return true;
        const [, sign, major, minor = "0"] = /^(>=|\^)?v?(\d+)(?:\.(\d+|x))?(?:\.\S+)?$/.exec(range) ?? [];
        if (major === undefined) return false;
        const isOpen = isFit(version, `>=${major}.${minor === "x" ? 0 : minor}`);
        return sign === ">=" ? isOpen : isOpen && version.split(".")[0] === major;
      });
    return [oldest, "24.0", "26.0"].every(isFitOf) ? [] : [`${path}: ${needed?.node}`];
  });
  assert.deepEqual(refusing, []);
});
