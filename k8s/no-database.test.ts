import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { ofKind, type Recorded, resolved } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];
let outputs: Awaited<ReturnType<typeof runProgram>>["program"];

before(async () => {
  ({ recorded, program: outputs } = await runProgram({
    api: {
      source: { image: "registry.example.org/shop:1" },
      contract: { live: "/alive" },
      pools: [{ name: "blue", replicas: 2 }],
    },
    database: { enabled: false, volumeGeneration: 2 },
  }));
});

test("a stack without a database has no resource of one", () => {
  const named = recorded.filter(({ name }) => name.includes("database")).map(({ name }) => name);
  assert.deepEqual(named, []);
  assert.deepEqual(
    ofKind(recorded, "StatefulSet").map(({ name }) => name),
    ["redis"],
  );
});

test("its API has no variable of a database", () => {
  const deployment = ofKind(recorded, "Deployment").find(({ name }) => name === "api-blue");
  assert.ok(deployment);
  const { metadata, spec } = deployment.inputs.spec.template;
  const [{ env }] = spec.containers;
  const secrets = ofKind(recorded, "Secret").map(({ inputs }) => Object.keys(inputs.stringData.value ?? {}));
  const names = [...env.map(({ name }: { name: string }) => name), ...secrets.flat()];
  assert.ok(names.includes("REDIS_PASSWORD"));
  assert.deepEqual(
    names.filter((name) => /database/i.test(name)),
    [],
  );
  assert.ok(!JSON.stringify(metadata.annotations ?? {}).includes("database"));
});

test("its outputs name none", async () => {
  const workloads = await resolved(pulumi.output(outputs.workloads));
  assert.ok(!workloads.some(({ role }) => role === "database"));
  assert.equal(outputs.network.hasDatabase, false);
});
