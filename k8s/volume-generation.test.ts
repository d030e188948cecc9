import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];

/** A Redis whose volumes have the number 1, as stacks of earlier versions have them. */
const redis = {
  metadata: { name: "redis", namespace: "breakwater-test", uid: "uid" },
  spec: {
    replicas: 6,
    volumeClaimTemplates: [
      { metadata: { name: "data" }, spec: { resources: { requests: { storage: "256Mi" } } } },
    ],
  },
};
const port = { metadata: { name: "nginx", namespace: "other" }, spec: { ports: [{ nodePort: 30_080 }] } };

before(async () => {
  const config = { cluster: { dnsTtl: "0 s" }, database: { volumeGeneration: 2 } };
  ({ recorded } = await runProgram(config, { statefulsets: [redis], services: [port] }));
});

const named = (kind: string, name: string) =>
  ofKind(recorded, kind).find((each) => each.name === name)?.inputs;

test("a StatefulSet mounts the volume whose template it has", () => {
  for (const [name, volume] of [
    ["redis", "data"],
    ["database", "data-2"],
  ] as const) {
    const { volumeClaimTemplates, template } = named("StatefulSet", name)?.spec ?? {};
    assert.equal(volumeClaimTemplates[0].metadata.name, volume);
    const mounts = template.spec.containers[0].volumeMounts.map((mount: { name: string }) => mount.name);
    assert.ok(mounts.includes(volume), name);
  }
});

test("a StatefulSet that the cluster lacks is marked as new, and one that it has keeps its mark", () => {
  const madeAt = (name: string) => named("StatefulSet", name)?.metadata.annotations["breakwater.dev/made"];
  assert.match(madeAt("database"), /^\d{4}-/);
  assert.equal(madeAt("redis"), undefined);
});

test("the API's pods are replaced with the database's volume, because they make their tables when they start", () => {
  const { metadata } = named("Deployment", "api")?.spec.template ?? {};
  assert.equal(metadata.annotations["breakwater.dev/database-volume"], "2");
});

test("a gateway without nginx.nodePort gets a port that no other Service has", () => {
  assert.equal(named("Service", "nginx")?.spec.ports[0].nodePort, 30_081);
});
