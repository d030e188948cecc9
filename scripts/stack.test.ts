import assert from "node:assert/strict";
import { test } from "node:test";
import { namesCluster } from "./stack.ts";

for (const [stackFile, isNamed] of [
  ["config:\n  breakwater:cluster: { kubeContext: prod }", true],
  ["config:\n  other:cluster: &own { kubeContext: prod }\n  breakwater:cluster: *own", true],
  ["config:\n  other:cluster: &own { kubeContext: prod }\n  breakwater:cluster: { <<: *own }", true],
  // As `pulumi config set breakwater:cluster '{"kubeContext":"prod"}'` stores it.
  [`config:\n  breakwater:cluster: '{"kubeContext":"prod"}'`, true],
  // Pulumi adds the project's name.
  ["config:\n  cluster: { kubeContext: prod }", true],
  // validate() refuses it later; nothing is deployed to the embedded cluster.
  ["config:\n  breakwater:cluster: { kubeContext: 5 }", true],
  ["config:\n  breakwater:cluster: { namespace: mine }", false],
  ["config:\n  breakwater:cluster:", false],
  ["config:\n  breakwater:cluster: text", false],
  ["config:", false],
  ["", false],
] as [string, boolean][])
  test(`namesCluster is ${isNamed} for ${JSON.stringify(stackFile)}`, () => {
    assert.equal(namesCluster(stackFile), isNamed);
  });

test("namesCluster refuses a file that is not valid YAML", () => {
  for (const stackFile of ["config: {", "config:\n  breakwater:cluster: *missing", "a: 1\na: 2"])
    assert.throws(() => namesCluster(stackFile), {
      name: "UserError",
      exitCode: 2,
      message: /^[^\n]*not valid YAML: [^\n]+$/,
    });
});
