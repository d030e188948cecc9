import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { registryAddress } from "../paths.ts";
import { pruneImages } from "./image-prune.ts";
import { connectKubeApi } from "./kube-api.ts";
import { places } from "./layout.ts";
import { registryEndpoint } from "./registry.ts";

const repository = "breakwater/prune-test";
const url = `${registryEndpoint}/v2/${repository}`;
const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
const folder = join(places.registry, "docker/registry/v2/repositories", repository);
const namespace = "default";
const deployment = `/apis/apps/v1/namespaces/${namespace}/deployments/prune-test`;
after(() => rm(folder, { recursive: true, force: true }));

const sha256 = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function pushBlob(bytes: Buffer): Promise<{ digest: string; size: number }> {
  const digest = sha256(bytes);
  const started = await fetch(`${url}/blobs/uploads/`, { method: "POST" });
  const place = new URL(started.headers.get("location") ?? "");
  place.searchParams.set("digest", digest);
  const done = await fetch(place, { method: "PUT", body: new Uint8Array(bytes) });
  assert.equal(done.status, 201);
  return { digest, size: bytes.length };
}

/** Pushes an image with one layer, as of two hours ago. */
async function pushOld(tag: string): Promise<{ layer: string; manifest: string }> {
  const layer = await pushBlob(randomBytes(1000));
  const config = await pushBlob(Buffer.from(JSON.stringify({ tag })));
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] }),
  );
  const headers = { "content-type": manifestType };
  const done = await fetch(`${url}/manifests/${tag}`, {
    method: "PUT",
    headers,
    body: new Uint8Array(manifest),
  });
  assert.equal(done.status, 201);
  const before = Date.now() / 1000 - 7200;
  const digest = sha256(manifest);
  for (const path of [`revisions/${digest.replace(":", "/")}`, `tags/${tag}/current`])
    await utimes(join(folder, "_manifests", path, "link"), before, before);
  return { layer: layer.digest, manifest: digest };
}

const statusOf = async (path: string): Promise<number> =>
  (await fetch(`${url}/${path}`, { method: "HEAD", headers: { accept: manifestType } })).status;

test("pruneImages deletes old images with their layers, and keeps the image of a Deployment without pods", async (t) => {
  const images = [];
  for (let index = 0; index < 10; index++) images.push(await pushOld(`old-${index}`));
  const [used, ...others] = images;
  assert.ok(used);
  const api = await connectKubeApi();
  t.after(async () => {
    await api.delete(deployment);
    api.close();
  });
  const labels = { app: "prune-test" };
  await api.apply(deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "prune-test", namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "app", image: `${registryAddress}/${repository}:old-0` }] },
      },
    },
  });

  await pruneImages();

  assert.equal(await statusOf("manifests/old-0"), 200);
  assert.equal(await statusOf(`blobs/${used.layer}`), 200);
  for (const { layer, manifest } of others) {
    assert.equal(await statusOf(`manifests/${manifest}`), 404);
    assert.equal(await statusOf(`blobs/${layer}`), 404);
  }
  await pushOld("again");
  await pruneImages();
  assert.equal(await statusOf("manifests/again"), 200, "a few unused images stay");
});
