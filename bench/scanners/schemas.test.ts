import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { schemaOf, writeSchemas } from "./schemas.ts";

const time = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
const definitions = {
  Deployment: {
    properties: { metadata: { $ref: "#/definitions/Meta" } },
    "x-kubernetes-group-version-kind": [{ group: "apps", version: "v1", kind: "Deployment" }],
  },
  Service: {
    properties: {},
    "x-kubernetes-group-version-kind": [{ group: "", version: "v1", kind: "Service" }],
  },
  Meta: {
    properties: { created: { $ref: `#/definitions/${time}` }, parent: { $ref: "#/definitions/Meta" } },
  },
  [time]: { type: "string" },
  Unused: {},
};

test("schemaOf takes what a definition refers to, refuses unknown fields, and admits a time that is null", () => {
  assert.deepEqual(schemaOf("Deployment", definitions), {
    $ref: "#/definitions/Deployment",
    definitions: {
      Deployment: { ...definitions.Deployment, additionalProperties: false },
      Meta: { ...definitions.Meta, additionalProperties: false },
      [time]: { type: ["string", "null"] },
    },
  });
});

test("writeSchemas names the files by kind, first part of the group, and version", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "schemas-"));
  t.after(() => rmSync(folder, { recursive: true }));
  await writeSchemas({ definitions }, folder);
  assert.deepEqual(readdirSync(folder).toSorted(), ["deployment-apps-v1.json", "service-v1.json"]);
});
