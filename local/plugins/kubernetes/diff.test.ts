import assert from "node:assert/strict";
import { test } from "node:test";
import { changesBetween, detailedDiff, mustDeleteFirst } from "./diff.ts";

test("finds changes as deep as they are", () => {
  const old = { spec: { replicas: 3, ports: [{ port: 80 }, { port: 81 }], gone: "x" } };
  const now = { spec: { replicas: 5, ports: [{ port: 80 }, { port: 82 }], fresh: "y" } };
  const changes = changesBetween(old, now).map(({ path, kind }) => `${kind} ${path.join(".")}`);
  assert.deepEqual(changes.sort(), [
    "add spec.fresh",
    "delete spec.gone",
    "update spec.ports.1.port",
    "update spec.replicas",
  ]);
});

test("takes for equal what the API server stores alike", () => {
  const old = { limits: { cpu: "1000m", memory: "1Gi" }, port: 80, labels: {}, list: null };
  const now = { limits: { cpu: 1, memory: "1024Mi" }, port: "80" };
  assert.deepEqual(changesBetween(old, now), []);
});

test("diff distinguishes strings that look like quantities outside of resources", () => {
  assert.equal(changesBetween({ data: { size: "1000m" } }, { data: { size: "1" } }).length, 1);
});

test("marks the changes that replace", () => {
  const diff = detailedDiff(
    [
      { path: ["data", "app.conf"], kind: "update" },
      { path: ["metadata", "labels", "a"], kind: "add" },
    ],
    ([first]) => first === "data",
  );
  assert.deepEqual(
    [...diff],
    [
      ['data["app.conf"]', "update-replace"],
      ["metadata.labels.a", "add"],
    ],
  );
});

test("deletes first only where the new object takes the same given name", () => {
  const named = { metadata: { name: "a", namespace: "n" } };
  const autonamed = { metadata: { ...named.metadata, annotations: { "pulumi.com/autonamed": "true" } } };
  assert.equal(mustDeleteFirst(named, named), true);
  assert.equal(mustDeleteFirst(named, { metadata: { name: "b", namespace: "n" } }), false);
  assert.equal(mustDeleteFirst(named, { metadata: { name: "a", namespace: "m" } }), false);
  assert.equal(mustDeleteFirst(autonamed, autonamed), false);
});
