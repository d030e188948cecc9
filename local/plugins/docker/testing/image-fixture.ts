import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { ensureDockerEngine } from "../../../cluster/docker-engine.ts";
import { ensureRegistry, registryEndpoint } from "../../../cluster/registry.ts";
import { ensureBaseImages } from "../../../images/base-images.ts";
import { connectEngine } from "../engine.ts";

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";

/** Starts the engine and the registry, and sets DOCKER_HOST. */
export async function startEngineAndRegistry(): Promise<void> {
  const engine = await ensureDockerEngine();
  await ensureRegistry();
  await ensureBaseImages(engine);
  process.env.DOCKER_HOST = `unix://${engine.socketPath}`;
}

/** Creates a folder with these files. It is removed after the test. */
export async function folder(t: TestContext, files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "docker-image-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return dir;
}

/** Names a repository in the embedded registry. Its images are removed from registry and engine after the test. */
export function repository(t: TestContext): string {
  const path = `breakwater-test/${randomBytes(4).toString("hex")}`;
  t.after(async () => {
    const digest = await registryDigest(path, "1");
    if (digest !== undefined)
      await fetch(`${registryEndpoint}/v2/${path}/manifests/${digest}`, { method: "DELETE" });
    const engine = await connectEngine();
    // An image that an update replaced has no tag, but still the digest of the repository.
    const images = await engine.listImages({ filters: { reference: [`localhost:5000/${path}`] } });
    for (const { Id } of images) await engine.getImage(Id).remove({ force: true });
  });
  return path;
}

/** Returns the digest of a tag in the registry; undefined when there is no such tag. */
export async function registryDigest(path: string, tag: string): Promise<string | undefined> {
  const answer = await fetch(`${registryEndpoint}/v2/${path}/manifests/${tag}`, {
    method: "HEAD",
    headers: { accept: manifestType },
  });
  return answer.ok ? (answer.headers.get("docker-content-digest") ?? undefined) : undefined;
}
