import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { exampleStacks } from "../config/generate/example-stacks.ts";
import {
  chooseStack,
  namesCluster,
  needsMetricsServer,
  projectName,
  projectRoot,
  withProject,
} from "./stack.ts";

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

for (const [stackFile, isNeeded] of [
  ["config:\n  breakwater:cluster: { metricsServer: true }", true],
  [`config:\n  breakwater:cluster: '{"metricsServer":"true"}'`, true],
  ["config:\n  cluster: { metricsServer: true }", true],
  ["config:\n  breakwater:cluster: { metricsServer: false }", false],
  ["config:\n  breakwater:cluster: { namespace: mine }", false],
  ["config:\n  breakwater:cluster: text", false],
  ["", false],
] as [string, boolean][])
  test(`needsMetricsServer is ${isNeeded} for ${JSON.stringify(stackFile)}`, () => {
    assert.equal(needsMetricsServer(stackFile), isNeeded);
  });

test("namesCluster refuses a file that is not valid YAML", () => {
  for (const stackFile of ["config: {", "config:\n  breakwater:cluster: *missing", "a: 1\na: 2"])
    assert.throws(() => namesCluster(stackFile), {
      name: "UserError",
      exitCode: 2,
      message: /^[^\n]*not valid YAML: [^\n]+$/,
    });
});

test("withProject gives an example stack the keys of a renamed project", () => {
  for (const [name, text] of Object.entries(exampleStacks("old.name")))
    assert.equal(withProject(text, "new"), exampleStacks("new")[name], name);
});

for (const name of ["local", "Feature_X", "v1.2", "-a", "..", "s".repeat(100)])
  for (const given of [name, `organization/${name}`, `organization/${projectName}/${name}`])
    test(`chooseStack names the config file of ${given.slice(0, 40)} by its last part`, () => {
      const stack = chooseStack(given);
      assert.deepEqual([stack.name, stack.embedded], [name, true]);
      assert.equal(stack.configFile, join(projectRoot, `Pulumi.${name}.yaml`));
    });

test("chooseStack keeps the organization of a stack that names its cluster", (t) => {
  const file = join(projectRoot, "Pulumi.unit-test-of-names.yaml");
  writeFileSync(file, `config:\n  ${projectName}:cluster: { kubeContext: prod }\n`);
  t.after(() => rmSync(file));
  const given = `acme/${projectName}/unit-test-of-names`;
  const stack = chooseStack(given);
  assert.deepEqual([stack.name, stack.configFile, stack.embedded], [given, file, false]);
});

for (const [given, message] of [
  ["", /must be the name of a stack/],
  ["s".repeat(101), /must be the name of a stack/],
  ["a b", /must be the name of a stack/],
  ["organization//local", /must be the name of a stack/],
  ["a/b/c/d", /must be the name of a stack/],
  ["organization/other/local", /the project in Pulumi\.yaml is "breakwater"/],
  ["acme/local", /the embedded cluster has the organization "organization"/],
] as const)
  test(`chooseStack refuses ${JSON.stringify(given.slice(0, 40))}`, () => {
    assert.throws(() => chooseStack(given), { name: "UserError", exitCode: 2, message });
  });

test("chooseStack takes the stack of $PULUMI_STACK when none is given, else local", (t) => {
  const before = process.env.PULUMI_STACK;
  t.after(() => {
    if (before === undefined) delete process.env.PULUMI_STACK;
    else process.env.PULUMI_STACK = before;
  });
  for (const [value, name] of [
    ["prod", "prod"],
    [`organization/${projectName}/Feature_X`, "Feature_X"],
    ["", "local"],
  ] as const) {
    process.env.PULUMI_STACK = value;
    assert.equal(chooseStack(undefined).name, name);
    assert.equal(chooseStack("other").name, "other");
  }
});
