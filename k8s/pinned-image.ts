import * as pulumi from "@pulumi/pulumi";
import type { ImagesConfig } from "../config/sections/images.ts";
import { embeddedRegistry } from "../config/sections/registry.ts";

const endpoint = `http://${embeddedRegistry.replace("localhost", "127.0.0.1")}/v2`;
const manifestTypes = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
];

/** Adds digests to the base images, see `pinImage`. @throws {pulumi.RunError} */
export async function pinImages(images: ImagesConfig): Promise<ImagesConfig> {
  const { platform, ...names } = images;
  const [node, nginx, redis, valkey, postgres] = await Promise.all([
    pinImage(names.node),
    pinImage(names.nginx),
    pinImage(names.redis),
    pinImage(names.valkey),
    pinImage(names.postgres),
  ]);
  return { node, nginx, redis, valkey, postgres, platform };
}

/**
 * Adds the digest of its present content to the name of an image in the embedded registry, so that a base image that was
 * built again is used by the next `pulumi up` (docs/decisions.md#digests-of-base-images). Other names, those with a digest,
 * and names that the registry does not have are returned unchanged.
 *
 * @throws {pulumi.RunError} when the registry does not answer.
 */
export async function pinImage(name: string): Promise<string> {
  const prefix = `${embeddedRegistry}/`;
  if (!name.startsWith(prefix) || name.includes("@")) return name;
  const [repository, tag = "latest"] = name.slice(prefix.length).split(":");
  const url = `${endpoint}/${repository}/manifests/${tag}`;
  const answer = await fetch(url, {
    method: "HEAD",
    headers: { accept: manifestTypes.join(", ") },
    signal: AbortSignal.timeout(15_000),
  }).catch((error: Error) => {
    const { message } = (error.cause as Error | undefined) ?? error;
    throw new pulumi.RunError(
      `The registry ${embeddedRegistry} does not answer (${message}); start it: npm run up`,
    );
  });
  const digest = answer.headers.get("docker-content-digest");
  return answer.ok && digest !== null ? `${name}@${digest}` : name;
}
