import assert from "node:assert/strict";
import { test } from "node:test";
import { importedInputs, refreshedInputs } from "./refresh.ts";

test("takes over what changed in the cluster, and only that", () => {
  const inputs = { spec: { replicas: 3, cpu: "1000m" } };
  const stored = { spec: { replicas: 3, cpu: "1", defaulted: true } };
  const live = { spec: { replicas: 5, cpu: "1", defaulted: false }, status: {} };
  assert.deepEqual(refreshedInputs(inputs, stored, live), { spec: { replicas: 5, cpu: "1000m" } });
});

test("drops inputs that were removed in the cluster", () => {
  const labels = { a: "1", b: "2" };
  assert.deepEqual(refreshedInputs({ labels }, { labels }, { labels: { a: "1" } }), { labels: { a: "1" } });
});

test("keeps inputs that the server never gives back", () => {
  const inputs = { stringData: { a: "x" } };
  assert.deepEqual(refreshedInputs(inputs, { data: { a: "eA==" } }, { data: { a: "eA==" } }), inputs);
});

test("makes inputs of a live object by leaving out what the server writes", () => {
  const live = {
    kind: "Deployment",
    metadata: {
      name: "web",
      uid: "1",
      resourceVersion: "2",
      managedFields: [],
      annotations: { "deployment.kubernetes.io/revision": "1" },
    },
    spec: { replicas: 1 },
    status: {},
  };
  assert.deepEqual(importedInputs(live), {
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { replicas: 1 },
  });
});
