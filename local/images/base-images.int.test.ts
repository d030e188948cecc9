import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ensureDockerEngine } from "../cluster/docker-engine.ts";
import { ensureRegistry, registryEndpoint } from "../cluster/registry.ts";
import { connectEngine } from "../plugins/docker/engine.ts";
import { registryDigest } from "../plugins/docker/testing/image-fixture.ts";
import { ensureBaseImages } from "./base-images.ts";
import { oldBaseImages } from "./image-age.ts";
import { imageName, type Recipe, recipes } from "./recipes.ts";

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
let engine: { socketPath: string };
before(async () => {
  engine = await ensureDockerEngine();
  await ensureRegistry();
  await ensureBaseImages(engine);
});

const inRegistry = (recipe: Recipe): Promise<string | undefined> =>
  registryDigest(`breakwater/${recipe.name}`, recipe.tag);
const inEngine = async (): Promise<Record<string, string>> => {
  const docker = await connectEngine(`unix://${engine.socketPath}`);
  const ids = recipes.map(async (recipe) => {
    const { Id, Created } = await docker.getImage(imageName(recipe)).inspect();
    return [recipe.name, `${Id} ${Created}`];
  });
  return Object.fromEntries(await Promise.all(ids));
};

test("ensureBaseImages builds and pushes nothing when the images exist", async () => {
  const [digests, ids] = [await Promise.all(recipes.map(inRegistry)), await inEngine()];
  assert.ok(digests.every((digest) => digest?.startsWith("sha256:")));
  await ensureBaseImages(engine);
  assert.deepEqual(await Promise.all(recipes.map(inRegistry)), digests);
  assert.deepEqual(await inEngine(), ids);
});

test("ensureBaseImages pushes an image again that the registry lost, without a build", async () => {
  const pause = recipes.find(({ name }) => name === "pause");
  assert.ok(pause);
  const [digest, ids] = [await inRegistry(pause), await inEngine()];
  await fetch(`${registryEndpoint}/v2/breakwater/pause/manifests/${digest}`, { method: "DELETE" });
  assert.equal(await inRegistry(pause), undefined);
  await ensureBaseImages(engine);
  assert.equal(await inRegistry(pause), digest);
  assert.deepEqual(await inEngine(), ids);
});

test("ensureBaseImages builds with Debian's updates when asked to, and keeps the digest of images without updates", async () => {
  const layers = async (recipe: Recipe): Promise<string> => {
    const url = `${registryEndpoint}/v2/breakwater/${recipe.name}/manifests/${recipe.tag}`;
    const answer = await fetch(url, { headers: { accept: manifestType } });
    return JSON.stringify(((await answer.json()) as { layers: unknown }).layers);
  };
  const contents = () =>
    Promise.all(
      recipes.map(async (recipe) => ({ layers: await layers(recipe), digest: await inRegistry(recipe) })),
    );
  const before = await contents();
  const docker = await connectEngine(`unix://${engine.socketPath}`);
  // With nothing in the engine's cache, each new image has another time.
  for (const recipe of recipes) await docker.getImage(imageName(recipe)).remove({ force: true });
  await ensureBaseImages(engine, { update: true });
  assert.equal(await oldBaseImages(), undefined);
  for (const [index, { layers, digest }] of (await contents()).entries())
    assert.equal(digest === before[index]?.digest, layers === before[index]?.layers, recipes[index]?.name);
});

test("every program of the base images runs as their user on a read-only root", async () => {
  const docker = await connectEngine(`unix://${engine.socketPath}`);
  for (const recipe of recipes.filter(({ version }) => version.length > 0)) {
    const container = await docker.createContainer({
      Image: imageName(recipe),
      Cmd: [...recipe.version],
      HostConfig: { ReadonlyRootfs: true, NetworkMode: "none" },
    });
    try {
      await container.start();
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      assert.equal(StatusCode, 0, recipe.name);
      assert.equal((await container.inspect()).Config.User, "10001:10001");
    } finally {
      await container.remove({ force: true });
    }
  }
});
