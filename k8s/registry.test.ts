import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { createPullSecrets, registryServer } from "./registry.ts";
import { ofKind, type Recorded, recordResources } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

const username = "robot";
const password = "pull-s3cret";
let recorded: Recorded[];

before(async () => {
  const pools = [
    { name: "blue", replicas: 1 },
    {
      name: "green",
      replicas: 1,
      image:
        "registry.example.org/team/api@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    },
  ];
  const registry = { address: "registry.example.org:5000/team", username, password };
  ({ recorded } = await runProgram({ registry, api: { pools } }));
});

// biome-ignore lint/suspicious/noExplicitAny: inputs of a Secret
function pullSecrets(of: Recorded[]): any[] {
  const secrets = ofKind(of, "Secret").map(({ inputs }) => inputs);
  return secrets.filter(({ type }) => type === "kubernetes.io/dockerconfigjson");
}

test("only pods that run the API image pull with the registry's credentials", () => {
  const workloads = ["Deployment", "StatefulSet", "Job"].flatMap((kind) => ofKind(recorded, kind));
  const pulling = workloads.flatMap(({ name, inputs }) => {
    const secrets: { name: string }[] = inputs.spec.template.spec.imagePullSecrets ?? [];
    return secrets.map((secret) => [name.replace(/-[0-9a-f]{10}$/, ""), secret.name]);
  });
  assert.deepEqual(pulling.sort(), [
    ["api-blue", "registry-credentials"],
    ["api-green", "registry-credentials"],
    ["database-password", "registry-credentials"],
    ["redis-controller", "registry-credentials"],
    ["redis-formation", "registry-credentials"],
    ["redis-users-only", "registry-credentials"],
  ]);
});

test("the pull secret holds the credentials for the server of the image names, encrypted", () => {
  const [secret, ...others] = pullSecrets(recorded);
  assert.equal(others.length, 0);
  const { annotations: _forced, labels: _recommended, ...metadata } = secret.metadata;
  assert.deepEqual(metadata, { name: "registry-credentials", namespace: "breakwater-test" });
  const { value, ...mark } = secret.stringData;
  assert.equal(Object.values(mark).length, 1, "marked as secret");
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  assert.deepEqual(JSON.parse(value[".dockerconfigjson"]), {
    auths: { "registry.example.org:5000": { username, password, auth } },
  });
});

test("the registry's password is in no other resource as plain text", () => {
  for (const { type, name, inputs } of recorded) {
    if (inputs.type === "kubernetes.io/dockerconfigjson") continue;
    const { registry, ...rest } = inputs;
    assert.ok(!JSON.stringify(rest).includes(password), `${type} ${name}`);
    if (registry !== undefined) assert.notEqual(registry.password, password);
  }
});

test("registryServer follows Docker's rules for image names", () => {
  for (const [address, server] of [
    ["localhost:5000", "localhost:5000"],
    ["localhost/team", "localhost"],
    ["registry.example.org", "registry.example.org"],
    ["registry.example.org:8443/team/sub", "registry.example.org:8443"],
    ["docker.io/team", "docker.io"],
    ["team", "docker.io"],
    ["team/sub", "docker.io"],
  ] as const)
    assert.equal(registryServer(address), server, address);
});

test("createPullSecrets uses Docker Hub's legacy key when the images are on Docker Hub", async () => {
  for (const address of ["docker.io/team", "index.docker.io/team", "team"]) {
    const made = recordResources();
    createPullSecrets({ address, username, password }, "space", {});
    await pulumi.runtime.disconnect();
    const { auths } = JSON.parse(pullSecrets(made)[0].stringData.value[".dockerconfigjson"]);
    assert.deepEqual(Object.keys(auths), ["https://index.docker.io/v1/"], address);
  }
});
