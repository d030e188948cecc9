import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { imageName, recipes } from "../local/images/recipes.ts";
import { registryAddress } from "../local/paths.ts";
import { dockerProvider } from "../local/plugins/docker/provider.ts";
import type { CallContext } from "../local/plugins/protocol/resource-provider.ts";
import { projectRoot } from "../scripts/stack.ts";
import { closeClusterView } from "./cluster-view.ts";
import { LightLoad } from "./light-load.ts";
import { configure, createStack, destroyStack, loadtest, outputs, up } from "./test-stack.ts";

const example = join(projectRoot, "examples/express");
const image = `${registryAddress}/breakwater-test/express:1`;
const call: CallContext = {
  urn: "urn:pulumi:test::test::docker:index/image:Image::express",
  type: "docker:index/image:Image",
  name: "express",
  preview: false,
  timeoutSeconds: 0,
  signal: new AbortController().signal,
  log: () => {},
};

before(async () => {
  await publish();
  await createStack();
  await configure("redis.shards", "1");
  await configure("redis.replicasPerShard", "0");
  await configure("nginx.replicas", "1");
  await configure("api.replicas", "2");
  await configure("api.image", image);
  await configure("api.contract.live", "/healthz");
  await configure("api.contract.ready", "/ready");
  await configure("loadtest.requests.list.path", "/api/items");
  await configure("loadtest.requests.create.path", "/api/items");
  await configure("loadtest.requests.create.method", "POST");
  await configure("loadtest.requests.create.body", '{"id":"{{id: uuid}}","size":"{{size: s|m}}"}');
  await configure("loadtest.requests.create.expect.statuses[0]", "201");
  await configure("loadtest.scenarios.browse.mix.list", "4");
  await configure("loadtest.scenarios.browse.mix.create", "1");
});
after(async () => {
  closeClusterView();
  await destroyStack();
});

/** Bundles the example, and builds and pushes its image. */
async function publish(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "express-"));
  const node = recipes.find(({ name }) => name === "node");
  assert.ok(node);
  await build({
    entryPoints: [join(example, "server.ts")],
    bundle: true,
    platform: "node",
    outfile: join(folder, "server.js"),
  });
  copyFileSync(join(example, "Dockerfile"), join(folder, "Dockerfile"));
  const dockerfile = {
    context: folder,
    dockerfile: join(folder, "Dockerfile"),
    args: { BASE: imageName(node) },
  };
  const given = { values: { imageName: image, build: dockerfile }, secretPaths: [] };
  const provider = dockerProvider("0.0.0");
  const { inputs } = await provider.check({ olds: { values: {}, secretPaths: [] }, news: given }, call);
  await provider.create(inputs, call);
  rmSync(folder, { recursive: true });
}

test("an Express app that knows nothing of the kit is deployed, loaded with its own requests and gated", async () => {
  await up();
  const { endpoint } = await outputs();
  const response = await fetch(`${endpoint}/api/items`);
  assert.equal(response.status, 200);
  const run = await loadtest("--scenario", "browse");
  assert.equal(run.exitCode, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /browse/);
});

test("a rollout of it under load loses no request", async (t) => {
  const load = new LightLoad((await outputs()).endpoint, "/api/items");
  t.after(() => load.stop());
  await configure("api.env.VERSION", "2");
  await up();
  assert.deepEqual(await load.stop(), []);
});

test("the load test names a request that gets no right response, before the run", async () => {
  await configure("loadtest.requests.list.path", "/api/things");
  await up();
  const run = await loadtest("--scenario", "browse");
  assert.notEqual(run.exitCode, 0);
  assert.match(
    run.stdout + run.stderr,
    /the request list \(GET \/api\/things\) gets no right response: HTTP 404/,
  );
});
