import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "./testing/problems.ts";

const problems = (source: object) =>
  problemsOf({ api: { source } }).map(({ path, rule }) => `${path} ${rule}`);

test("validate refuses an API that exists and is built, and options of a build without a folder", () => {
  assert.deepEqual(problems({ image: "registry.example.org/shop:1" }), []);
  assert.deepEqual(problems({ context: "../shop", dockerfile: "deploy/Dockerfile", args: { A: "1" } }), []);
  assert.match(
    problems({ image: "shop", context: "../shop" }).join(),
    /^api\.source\.image must be absent with/,
  );
  for (const option of [
    { dockerfile: "D" },
    { target: "t" },
    { platform: "linux/amd64" },
    { args: { A: "1" } },
  ])
    assert.match(problems(option).join(), /^api\.source\.\w+ is read only with api\.source\.context/);
});

test("validate refuses a platform that is none, and another one than that of the embedded cluster", () => {
  assert.match(problems({ context: "../shop", platform: "amd64" }).join(), /must be one platform like/);
  assert.match(
    problems({ context: "../shop", platform: "linux/arm64" }).join(),
    /^api\.source\.platform must be linux\/amd64, .* on the embedded cluster/,
  );
});
