import assert from "node:assert/strict";
import { test } from "node:test";
import { digestFiles, goVersionNeeded, toolsLock } from "./lock.ts";

test("digest depends on names and contents, not on their order", () => {
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

test("digest tells apart contents that only join to the same text", () => {
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

test("lock of the tools is 16 hex digits and the same each time", async () => {
  assert.match(await toolsLock(), /^[0-9a-f]{16}$/);
  assert.equal(await toolsLock(), await toolsLock());
});

test("Go that is needed is at least what Kubernetes' module asks for", async () => {
  const [major, minor] = (await goVersionNeeded()).split(".").map(Number);
  assert.equal(major, 1);
  assert.ok(minor !== undefined && minor >= 24);
});
