import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];

before(async () => {
  ({ recorded } = await runProgram({ cluster: { dnsTtl: "10 s" }, api: {} }));
});

const workloads = () => ["Deployment", "StatefulSet", "Job"].flatMap((kind) => ofKind(recorded, kind));

test("the namespace enforces Pod Security restricted, and warns and audits by it", () => {
  const [namespace] = ofKind(recorded, "Namespace");
  for (const mode of ["enforce", "warn", "audit"])
    assert.equal(namespace?.inputs.metadata.labels[`pod-security.kubernetes.io/${mode}`], "restricted");
});

test("every object has Kubernetes' recommended labels, and every pod those that never change", () => {
  const own = ["component", "part-of", "managed-by"];
  const namesOf = (labels: Record<string, string>) =>
    Object.keys(labels ?? {}).flatMap((key) => key.split("app.kubernetes.io/")[1] ?? []);
  const objects = recorded.filter(({ type }) => type.startsWith("kubernetes:"));
  for (const { name, inputs } of objects) {
    const { labels } = inputs.metadata;
    assert.deepEqual(namesOf(labels).sort(), [...own, "instance", "name", "version"].sort(), name);
    for (const value of Object.values(labels)) assert.match(String(value), /^\w([\w.-]{0,61}\w)?$/);
  }
  for (const { name, inputs } of workloads()) {
    const { labels } = inputs.spec.template.metadata;
    assert.deepEqual(namesOf(labels).sort(), [...own, "instance", "name"].sort(), name);
    assert.equal(labels["app.kubernetes.io/part-of"], "breakwater");
  }
});

test("selectors have the two labels that they have had from the start, because they cannot be changed", () => {
  const selectors = workloads().flatMap(({ inputs }) => inputs.spec.selector?.matchLabels ?? []);
  assert.equal(selectors.length, 5);
  for (const selector of selectors)
    assert.deepEqual(Object.keys(selector).sort(), ["app.kubernetes.io/instance", "app.kubernetes.io/name"]);
});

test("Prometheus finds the API's metrics by its pods' annotations", () => {
  const [deployment] = ofKind(recorded, "Deployment").filter(({ name }) => name === "api");
  assert.deepEqual(deployment?.inputs.spec.template.metadata.annotations, {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": "9000",
    "prometheus.io/path": "/metrics",
  });
});

test("no PodMonitor is created by default", () => {
  assert.deepEqual(ofKind(recorded, "PodMonitor"), []);
});
