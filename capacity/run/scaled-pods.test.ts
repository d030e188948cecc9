import assert from "node:assert/strict";
import { test } from "node:test";
import type { UserError } from "../../contract/user-error.ts";
import { sampleWorkload } from "../../loadtest/testing/samples.ts";
import { scalableApi } from "./scaled-pods.ts";

const api = sampleWorkload();
const nginx = sampleWorkload({ name: "nginx", role: "nginx" });

test("scalableApi finds the Deployment of the API", () => {
  assert.equal(scalableApi({ workloads: [nginx, api] }), api);
});

const refused: [string, Parameters<typeof scalableApi>[0]["workloads"], RegExp, RegExp][] = [
  [
    "an autoscaled API",
    [{ ...api, maxReplicas: 8 }],
    /an autoscaler chooses .* \(api\.autoscale\.max: 8\)/,
    /config rm --path api\.autoscale/,
  ],
  [
    "pools",
    [
      { ...api, name: "api-stable" },
      { ...api, name: "api-canary" },
    ],
    /api\.pools: api-stable, api-canary/,
    /config rm --path api\.pools/,
  ],
  ["a single pool", [{ ...api, name: "api-blue" }], /api\.pools: api-blue/, /api\.pools/],
  ["a stack without an API", [nginx], /no API/, /npm run up/],
];
for (const [what, workloads, message, fix] of refused)
  test(`scalableApi refuses ${what} with the fix`, () => {
    assert.throws(
      () => scalableApi({ workloads }),
      (error: UserError) => {
        assert.equal(error.exitCode, 2);
        assert.match(error.message, message);
        assert.match(error.fix, fix);
        return true;
      },
    );
  });
