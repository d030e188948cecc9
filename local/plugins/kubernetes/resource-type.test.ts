import assert from "node:assert/strict";
import { test } from "node:test";
import { parseResourceType } from "./resource-type.ts";

test("reads the tokens of the SDK and of custom resources", () => {
  assert.deepEqual(parseResourceType("kubernetes:core/v1:Secret"), { apiVersion: "v1", kind: "Secret" });
  assert.deepEqual(parseResourceType("kubernetes:apps/v1:Deployment"), {
    apiVersion: "apps/v1",
    kind: "Deployment",
  });
  assert.deepEqual(parseResourceType("kubernetes:example.com/v1beta1:ThingList"), {
    apiVersion: "example.com/v1beta1",
    kind: "ThingList",
  });
});

test("refuses with advice what it does not serve", () => {
  const refused: [string, RegExp][] = [
    ["kubernetes:helm.sh/v3:Release", /helm template/],
    ["kubernetes:yaml/v2:ConfigGroup", /own resource classes/],
    ["kubernetes:core/v1:ConfigMapList", /each object of the list/],
    ["kubernetes:apps/v1:DeploymentPatch", /import the object/],
    ["kubernetes:apps:Deployment", /no API version/],
  ];
  for (const [token, reason] of refused) assert.throws(() => parseResourceType(token), reason);
});
