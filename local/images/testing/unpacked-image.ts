import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../../../host/run-command.ts";
import { ensureDockerEngine } from "../../cluster/docker-engine.ts";
import { ensureRegistry, registryEndpoint } from "../../cluster/registry.ts";
import { ensureBaseImages } from "../base-images.ts";
import { type Recipe, recipes } from "../recipes.ts";

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";

/**
 * Unpacks the files of a base image, which is built if the embedded registry lacks it. So a test can run a program that Debian
 * stable does not have.
 *
 * @param folder an empty folder
 * @returns command that runs a program of the image with the image's libraries
 * @throws {Error} when the image cannot be had
 */
export async function unpackImage(name: Recipe["name"], program: string, folder: string): Promise<string[]> {
  const recipe = recipes.find((each) => each.name === name);
  if (recipe === undefined) throw new Error(`no base image ${name}`);
  const engine = await ensureDockerEngine();
  await ensureRegistry();
  await ensureBaseImages(engine, { wanted: [recipe] });
  const repository = `${registryEndpoint}/v2/breakwater/${name}`;
  const answer = await fetch(`${repository}/manifests/${recipe.tag}`, { headers: { accept: manifestType } });
  const { layers } = (await answer.json()) as { layers: { digest: string }[] };
  for (const { digest } of layers) {
    const layer = await fetch(`${repository}/blobs/${digest}`);
    await writeFile(join(folder, "layer"), Buffer.from(await layer.arrayBuffer()));
    await runCommand("tar", ["-xzf", join(folder, "layer"), "-C", folder]);
  }
  const libraries = join(folder, "usr/lib/x86_64-linux-gnu");
  return [join(libraries, "ld-linux-x86-64.so.2"), "--library-path", libraries, join(folder, program)];
}
