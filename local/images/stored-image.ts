import { get, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import { registryAddress } from "../paths.ts";
import { imageName, type Recipe } from "./recipes.ts";

/** Label of an image with the digest of its inputs. */
export const digestLabel = "dev.breakwater.inputs";

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
const endpoint = `http://${registryAddress.replace("localhost", "127.0.0.1")}/v2`;

interface Manifest {
  config: { digest: string };
  layers: { digest: string }[];
}

interface ImageConfig {
  created?: string;
  rootfs?: { diff_ids?: string[] };
  config?: { Labels?: Record<string, string> | null };
}

/**
 * Reads the digest label of an image in the embedded registry.
 *
 * @returns undefined when there is no such image or when a part of it is missing.
 * @throws {Error} when the registry does not answer.
 */
export async function storedInRegistry(recipe: Recipe): Promise<string | undefined> {
  return (await configInRegistry(recipe))?.config?.Labels?.[digestLabel];
}

/** When an image in the embedded registry was built, in ms since 1970. @throws {Error} see `storedInRegistry`. */
export async function builtAtMs(recipe: Recipe): Promise<number | undefined> {
  const created = (await configInRegistry(recipe))?.created;
  return created === undefined ? undefined : Date.parse(created);
}

/**
 * Whether an image in the embedded registry has these layers, and was made of these inputs. Another build of the same files
 * has another digest only because of its time.
 *
 * @param layers digests of the layers before compression, as the engine returns them
 * @throws {Error} see `storedInRegistry`.
 */
export async function hasSameContent(
  recipe: Recipe,
  inputs: string,
  layers: readonly string[],
): Promise<boolean> {
  const found = await configInRegistry(recipe);
  return found?.config?.Labels?.[digestLabel] === inputs && found.rootfs?.diff_ids?.join() === layers.join();
}

async function configInRegistry(recipe: Recipe): Promise<ImageConfig | undefined> {
  const repository = `${endpoint}/breakwater/${recipe.name}`;
  const answer = await fetch(`${repository}/manifests/${recipe.tag}`, { headers: { accept: manifestType } });
  if (!answer.ok) return undefined;
  const manifest = (await answer.json()) as Manifest;
  const layers = await Promise.all(
    manifest.layers.map((layer) => fetch(`${repository}/blobs/${layer.digest}`, { method: "HEAD" })),
  );
  const config = await fetch(`${repository}/blobs/${manifest.config.digest}`);
  if (!config.ok || layers.some((layer) => !layer.ok)) return undefined;
  return (await config.json()) as ImageConfig;
}

/**
 * Reads the digest label of an image in the engine. It does not use dockerode, which takes longer to load than this.
 *
 * @returns undefined when there is no such image, an empty string when it has no label.
 * @throws {Error} when the engine does not answer.
 */
export async function storedInEngine(socketPath: string, recipe: Recipe): Promise<string | undefined> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ socketPath, path: `/images/${imageName(recipe)}/json` }, resolve).on("error", reject);
  });
  const body = await json(answer);
  if (answer.statusCode === 404) return undefined;
  if (answer.statusCode !== 200)
    throw new Error(`${answer.statusCode} ${(body as { message?: string }).message}`);
  return (body as { Config: { Labels?: Record<string, string> | null } }).Config.Labels?.[digestLabel] ?? "";
}
