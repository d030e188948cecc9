import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];
let program: typeof import("../index.ts");

before(async () => {
  ({ recorded, program } = await runProgram({
    nginx: {
      metrics: true,
      proxyProtocol: true,
      trustedProxies: ["10.0.0.0/8"],
      publicUrl: "https://a.example.org",
      tls: { selfSigned: true },
    },
    network: { policies: true, metricsNamespaces: ["monitoring"] },
    redis: { passwordVersion: 2 },
  }));
});

interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string }[];
}

const policies = () => ofKind(recorded, "NetworkPolicy").map(({ inputs }) => inputs);
const selects = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>) =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key }) => Object.hasOwn(labels, key));
const templates = () =>
  ["Deployment", "StatefulSet", "Job"]
    .flatMap((kind) => ofKind(recorded, kind))
    .map(({ name, inputs }) => ({ name, ...inputs.spec.template }));

test("beside the default policy, one policy for each direction at most selects each pod, the pods of Jobs included", () => {
  assert.ok(
    templates().length >= 8,
    templates()
      .map(({ name }) => name)
      .join(),
  );
  for (const { name, metadata } of templates()) {
    const own = policies().filter(({ spec }) => selects(spec.podSelector, metadata.labels));
    assert.deepEqual(own.map((policy) => policy.metadata.name).includes("default-deny"), true, name);
    const directions = own
      .filter((policy) => policy.metadata.name !== "default-deny")
      .map(({ spec }) => spec.policyTypes.join());
    assert.ok(directions.length > 0, name);
    assert.equal(new Set(directions).size, directions.length, name);
  }
});

test("the default policy isolates all pods in both directions and admits nothing", () => {
  const found = policies().find(({ metadata }) => metadata.name === "default-deny");
  assert.deepEqual(found?.spec, { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
});

test("a policy admits each declared port of its pods, but for the port of probes", () => {
  for (const { name, metadata, spec } of templates()) {
    const own = policies().filter((policy) => selects(policy.spec.podSelector, metadata.labels));
    const rules: { ports: { port: number }[] }[] = own.flatMap((policy) => policy.spec.ingress ?? []);
    const admitted = rules.flatMap((rule) => rule.ports.map(({ port }) => port));
    for (const container of spec.containers)
      for (const port of container.ports ?? [])
        assert.equal(admitted.includes(port.containerPort), port.name !== "probes", `${name} ${port.name}`);
  }
});

test("the address of the cluster's DNS is admitted beside its pods", () => {
  const [redis] = policies().filter(({ metadata }) => metadata.name.startsWith("redis-egress-"));
  assert.ok(JSON.stringify(redis.spec.egress).includes("10.43.0.10/32"));
});

test("the outputs have what the proof needs to know the connections", () => {
  assert.equal(program.network?.policies, true);
  assert.deepEqual(program.network?.metricsNamespaces, ["monitoring"]);
  assert.equal(program.network?.hasTls, true);
});
