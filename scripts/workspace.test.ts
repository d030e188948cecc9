import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openWorkspace } from "./workspace.ts";

test("openWorkspace refuses a stack's file before it starts anything when Pulumi would change a spelling", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "breakwater-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const configFile = join(folder, "Pulumi.wrong.yaml");
  writeFileSync(configFile, "config:\n  breakwater:api: { env: { PHONE: +49301234 } }\n");
  await assert.rejects(openWorkspace({ name: "wrong", configFile, embedded: true, metricsServer: false }), {
    name: "ConfigError",
    exitCode: 2,
    message: /api\.env\.PHONE: must be in quotes/,
  });
});

test("openWorkspace refuses to update images for a stack on another cluster", async () => {
  const stack = {
    name: "prod",
    configFile: "/nonexistent/Pulumi.prod.yaml",
    embedded: false,
    metricsServer: false,
  };
  await assert.rejects(openWorkspace(stack, true), {
    name: "UserError",
    exitCode: 2,
    message: /--update-images is for the embedded cluster, and the stack prod names a cluster/,
  });
});
