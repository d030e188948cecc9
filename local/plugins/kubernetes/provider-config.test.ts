import assert from "node:assert/strict";
import { test } from "node:test";
import { configFailures, parseConfig } from "./provider-config.ts";

test("reads booleans that arrive as text", () => {
  const config = parseConfig({ kubeconfig: "/k", enablePatchForce: "true", enableSecretMutable: true });
  assert.equal(config.kubeconfig, "/k");
  assert.equal(config.patchForce, true);
  assert.deepEqual(config.mutableData, { configMaps: false, secrets: true });
});

test("complains about options that it would have to ignore, not about those that are off", () => {
  const options = {
    kubeconfig: "/k",
    renderYamlToDirectory: "/out",
    cluster: "",
    deleteUnreachable: "false",
    enableServerSideApply: "false",
  };
  assert.deepEqual(
    configFailures(options).map(({ property }) => property),
    ["renderYamlToDirectory", "enableServerSideApply"],
  );
});
