import assert from "node:assert/strict";
import { test } from "node:test";
import { digestFiles, goVersionNeeded, toolsLock } from "./lock.ts";
import { goTools, kubernetesPlugin } from "./tools.ts";

test("digestFiles depends on names and contents, not on their order", () => {
  const one = digestFiles(
    new Map([
      ["a", "1"],
      ["b", "2"],
    ]),
  );
  assert.equal(
    digestFiles(
      new Map([
        ["b", "2"],
        ["a", "1"],
      ]),
    ),
    one,
  );
  assert.notEqual(
    digestFiles(
      new Map([
        ["a", "1"],
        ["b", "3"],
      ]),
    ),
    one,
  );
  assert.notEqual(
    digestFiles(
      new Map([
        ["a", "1"],
        ["c", "2"],
      ]),
    ),
    one,
  );
});

test("digestFiles distinguishes contents whose concatenation is the same", () => {
  assert.notEqual(
    digestFiles(
      new Map([
        ["a", "12"],
        ["b", ""],
      ]),
    ),
    digestFiles(
      new Map([
        ["a", "1"],
        ["b", "2"],
      ]),
    ),
  );
});

test("toolsLock returns the same 16 hex digits each time", async () => {
  assert.match(await toolsLock(goTools), /^[0-9a-f]{16}$/);
  assert.equal(await toolsLock(goTools), await toolsLock(goTools));
});

test("toolsLock depends on the given tools, not on the modules of others", async () => {
  const [etcd] = goTools;
  const alone = await toolsLock([etcd]);
  assert.notEqual(alone, await toolsLock(goTools));
  assert.notEqual(alone, await toolsLock([etcd, kubernetesPlugin]));
  assert.notEqual(alone, await toolsLock([{ ...etcd, version: [9, 9, 9] }]));
});

test("goVersionNeeded is at least the version that Kubernetes' module needs", async () => {
  const [major, minor] = (await goVersionNeeded()).split(".").map(Number);
  assert.equal(major, 1);
  assert.ok(minor !== undefined && minor >= 24);
});
