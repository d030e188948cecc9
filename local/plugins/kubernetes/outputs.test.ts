import assert from "node:assert/strict";
import { test } from "node:test";
import { unknown } from "../protocol/values.ts";
import { liveOf, merged, previewOfNew, stateOf } from "./outputs.ts";

test("marks a Secret's data secret in inputs, object and last-applied annotation", () => {
  const live = { apiVersion: "v1", kind: "Secret", data: { a: "eA==" } };
  const inputs = { values: { ...live }, secretPaths: [] };
  const { secretPaths } = stateOf(live, { inputs, initialApiVersion: "v1", fieldManager: "m" });
  const paths = secretPaths.map((path) => path.join("/"));
  for (const path of ["data", "stringData", "__inputs/data", "__inputs/stringData"])
    assert.ok(paths.includes(path));
  assert.ok(paths.includes("metadata/annotations/kubectl.kubernetes.io/last-applied-configuration"));
});

test("keeps what was secret in the inputs of another kind secret", () => {
  const live = { apiVersion: "v1", kind: "ConfigMap", data: { a: "x" } };
  const inputs = { values: live, secretPaths: [["data", "a"]] };
  const { secretPaths } = stateOf(live, { inputs, initialApiVersion: "v1" });
  assert.deepEqual(secretPaths, [
    ["data", "a"],
    ["__inputs", "data", "a"],
  ]);
});

test("finds the object in a state again", () => {
  const live = { apiVersion: "v1", kind: "ConfigMap" };
  const state = stateOf(live, { inputs: { values: {}, secretPaths: [] }, initialApiVersion: "v1" });
  assert.deepEqual(liveOf(state.values), live);
});

test("shows as unknown what only the server will say", () => {
  const inputs = { apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec: { ports: [] } };
  const made = { ...inputs, spec: { ports: [], clusterIP: "10.0.0.1" }, metadata: { name: "a", uid: "1" } };
  const shown = previewOfNew(made, inputs);
  assert.deepEqual(shown.spec, { ports: [], clusterIP: unknown, clusterIPs: unknown });
  assert.equal((shown.metadata as { uid: string }).uid, unknown);
  assert.equal(shown.status, unknown);
  const headless = { ...inputs, spec: { clusterIP: "None" } };
  assert.equal((previewOfNew(headless, headless).spec as { clusterIP: string }).clusterIP, "None");
});

test("lays maps over maps and replaces the rest", () => {
  assert.deepEqual(merged({ a: { b: 1, c: [1] } }, { a: { c: [2], d: unknown } }), {
    a: { b: 1, c: [2], d: unknown },
  });
});
