import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  overlayKey,
  type ReleaseOverlay,
  releasesName,
  releaseVariable,
} from "../contract/release-overlay.ts";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

const overlay: ReleaseOverlay = {
  releaseId: "r-1",
  image: "registry.example.org/api:2",
  stableImage: "registry.example.org/api:1",
  pools: { stableWeight: 90, stableReplicas: 3, canaryWeight: 10, canaryReplicas: 1, keepsCanary: false },
  kitImage: "registry.example.org/kit:1",
};

let recorded: Recorded[];
let program: typeof import("../index.ts");

before(async () => {
  process.env[releaseVariable] = "r-1";
  const configMap = { metadata: { name: releasesName }, data: { [overlayKey]: JSON.stringify(overlay) } };
  const config = { api: { source: { image: "registry.example.org/api:2" } }, nginx: { nodePort: 30080 } };
  ({ recorded, program } = await runProgram(config, { configmaps: [configMap] }));
});

const imagesOf = (name: string) =>
  ofKind(recorded, "Deployment")
    .filter((deployment) => deployment.name === name)
    .flatMap(({ inputs }) =>
      inputs.spec.template.spec.containers.map(({ image }: { image: string }) => image),
    );

test("a stack with an open release has the canary pool beside the old one, each with a Secret and a headless Service", () => {
  const names = (kind: string) => ofKind(recorded, kind).map(({ name }) => name);
  for (const kind of ["Deployment", "Secret"])
    for (const name of ["api", "api-canary"]) assert.ok(names(kind).includes(name), `${kind} ${name}`);
  assert.ok(names("Service").includes("api-headless"));
  assert.ok(names("Service").includes("api-canary-headless"));
  assert.deepEqual(imagesOf("api-canary"), ["registry.example.org/api:2"]);
});

test("the gateway has both pools with the shares of the release", () => {
  const [configMap] = ofKind(recorded, "ConfigMap").filter(({ inputs }) => inputs.data["nginx.conf"]);
  const lines = configMap?.inputs.data["nginx.conf"].match(/server api\S*-headless\S* resolve.*;/g) ?? [];
  assert.match(lines[0], /^server api-headless\..* weight=3 /);
  assert.match(lines[1], /^server api-canary-headless\..* resolve max_fails/);
});

test("the kit's own programs keep their image", () => {
  assert.deepEqual(imagesOf("redis-controller"), ["registry.example.org/kit:1"]);
});

test("the outputs have the image that serves, and both pools", () => {
  assert.equal(program.apiImage, "registry.example.org/api:1");
  const names = program.workloads.map(({ name }) => name);
  assert.deepEqual(names.slice(0, 2), ["api", "api-canary"]);
});
