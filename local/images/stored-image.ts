import type Docker from "dockerode";
import { registryAddress } from "../paths.ts";
import { imageName, type Recipe } from "./recipes.ts";

/** Label of an image that tells from what it was made. */
export const digestLabel = "dev.breakwater.inputs";

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
const endpoint = `http://${registryAddress.replace("localhost", "127.0.0.1")}/v2`;

type Manifest = { config: { digest: string }; layers: { digest: string }[] };
type ImageConfig = { config?: { Labels?: Record<string, string> | null } };

/**
 * Reads from what the image in the embedded registry was made.
 *
 * @returns its digest label; undefined when there is no such image or a part of it is gone.
 * @throws Error when the registry does not answer.
 */
export async function storedInRegistry(recipe: Recipe): Promise<string | undefined> {
  const repository = `${endpoint}/breakwater/${recipe.name}`;
  const answer = await fetch(`${repository}/manifests/${recipe.tag}`, { headers: { accept: manifestType } });
  if (!answer.ok) return undefined;
  const manifest = (await answer.json()) as Manifest;
  const layers = await Promise.all(
    manifest.layers.map((layer) => fetch(`${repository}/blobs/${layer.digest}`, { method: "HEAD" })),
  );
  const config = await fetch(`${repository}/blobs/${manifest.config.digest}`);
  if (!config.ok || layers.some((layer) => !layer.ok)) return undefined;
  return ((await config.json()) as ImageConfig).config?.Labels?.[digestLabel];
}

/** As storedInRegistry, for the engine's own store. An image without the label gives an empty string. */
export async function storedInEngine(engine: Docker, recipe: Recipe): Promise<string | undefined> {
  try {
    const { Config } = await engine.getImage(imageName(recipe)).inspect();
    return Config.Labels?.[digestLabel] ?? "";
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}
