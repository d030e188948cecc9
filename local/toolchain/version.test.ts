import assert from "node:assert/strict";
import { test } from "node:test";
import { compareVersions, findVersion, isAccepted } from "./version.ts";

test("findVersion finds the version in the output of each tool", () => {
  const cases: [string, readonly number[]][] = [
    ["Kubernetes v1.34.4", [1, 34, 4]],
    ["v3.259.0\n", [3, 259, 0]],
    ["etcd Version: 3.6.5\nGo Version: go1.26.8", [3, 6, 5]],
    ["CoreDNS-1.12.4\nlinux/amd64, go1.26.8, ", [1, 12, 4]],
    ["Client Version: v1.32.4-dispatcher", [1, 32, 4]],
    ["go version go1.26 linux/amd64", [1, 26, 0]],
  ];
  for (const [text, version] of cases) assert.deepEqual(findVersion(text), version, text);
  assert.equal(findVersion("command not found"), undefined);
});

test("compareVersions compares numbers, not characters", () => {
  assert.ok(compareVersions([20, 9, 0], [20, 19, 0]) < 0);
  assert.ok(compareVersions([1, 34, 10], [1, 34, 9]) > 0);
  assert.equal(compareVersions([3, 6, 5], [3, 6, 5]), 0);
});

test("isAccepted accepts another patch version and refuses another minor version", () => {
  assert.equal(isAccepted([1, 34, 1], [1, 34, 4]), true);
  assert.equal(isAccepted([1, 32, 4], [1, 34, 4]), false);
  assert.equal(isAccepted([2, 34, 4], [1, 34, 4]), false);
});

test("isAccepted accepts the same major version from the oldest version, if given", () => {
  assert.equal(isAccepted([3, 200, 0], [3, 259, 0], [3, 200, 0]), true);
  assert.equal(isAccepted([3, 199, 9], [3, 259, 0], [3, 200, 0]), false);
  assert.equal(isAccepted([4, 0, 0], [3, 259, 0], [3, 200, 0]), false);
});
