import assert from "node:assert/strict";
import { test } from "node:test";
import { needsReplacement } from "./replace-rules.ts";

const fixed = { configMaps: false, secrets: false };
const replaces = (apiVersion: string, kind: string, path: string, mutable = fixed): boolean =>
  needsReplacement({ apiVersion, kind }, path.split("."), mutable);

test("replaces every kind for another name or namespace", () => {
  assert.equal(replaces("example.com/v1", "Thing", "metadata.name"), true);
  assert.equal(replaces("apps/v1", "Deployment", "metadata.namespace"), true);
  assert.equal(replaces("apps/v1", "Deployment", "metadata.labels.a"), false);
});

test("replaces for the fields that the API server holds fast", () => {
  assert.equal(replaces("apps/v1", "Deployment", "spec.selector.matchLabels.app"), true);
  assert.equal(replaces("apps/v1", "Deployment", "spec.template.spec.containers.0.image"), false);
  assert.equal(replaces("apps/v1", "StatefulSet", "spec.volumeClaimTemplates.0.spec.resources"), true);
  assert.equal(replaces("apps/v1", "StatefulSet", "spec.replicas"), false);
  assert.equal(replaces("batch/v1", "Job", "spec.template.spec.containers.0.image"), true);
  assert.equal(replaces("batch/v1", "Job", "spec.ttlSecondsAfterFinished"), false);
  assert.equal(replaces("v1", "Service", "spec.clusterIP"), true);
  assert.equal(replaces("v1", "Service", "spec.ports.0.port"), false);
  assert.equal(replaces("v1", "PersistentVolumeClaim", "spec.resources.requests.storage"), false);
});

test("replaces a Pod but for its images", () => {
  assert.equal(replaces("v1", "Pod", "spec.containers.0.command"), true);
  assert.equal(replaces("v1", "Pod", "spec.containers.0.image"), false);
});

test("replaces data, in place only where the provider says that it is mutable", () => {
  const mutable = { configMaps: true, secrets: true };
  assert.equal(replaces("v1", "ConfigMap", "data.a"), true);
  assert.equal(replaces("v1", "ConfigMap", "data.a", mutable), false);
  assert.equal(replaces("v1", "Secret", "stringData.a"), true);
  assert.equal(replaces("v1", "Secret", "stringData.a", mutable), false);
  assert.equal(replaces("v1", "Secret", "type", mutable), true);
});

test("does not take a field for another whose name begins alike", () => {
  assert.equal(replaces("v1", "ConfigMap", "database"), false);
});
