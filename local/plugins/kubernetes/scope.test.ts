import assert from "node:assert/strict";
import { test } from "node:test";
import { isNamespaced } from "./scope.ts";

const nobody = (): Promise<never> => Promise.reject(new Error("the cluster was asked"));

test("knows the scope of built-in kinds without asking the cluster", async () => {
  assert.equal(await isNamespaced({ apiVersion: "v1", kind: "Namespace" }, nobody), false);
  assert.equal(await isNamespaced({ apiVersion: "v1", kind: "Secret" }, nobody), true);
  assert.equal(await isNamespaced({ apiVersion: "storage.k8s.io/v1", kind: "StorageClass" }, nobody), false);
});

test("asks the cluster for custom resources", async () => {
  await assert.rejects(isNamespaced({ apiVersion: "snapshot.storage.k8s.io/v1", kind: "Secret" }, nobody));
});
