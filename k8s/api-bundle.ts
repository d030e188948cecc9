import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { buildApi, type ContextFiles } from "../app/build.ts";
import { shortHash } from "../config/derive.ts";

/** A docker build context on disk. */
export interface ApiBundle {
  /** Folder relative to the project, so that Pulumi's state names no folder of this machine. */
  context: string;
  /** Hash of all files in the context; equal sources give equal digests on every machine. */
  digest: string;
}

/**
 * Writes the build context of the image that the API and the Redis program share to `.build/api`: the API's own build
 * and a bundle of redis/main.ts. Files that have not changed are not written again.
 *
 * @param projectRoot absolute path of the checkout
 * @throws {pulumi.RunError} with esbuild's messages when the sources do not compile.
 */
export async function writeApiBundle(projectRoot: string): Promise<ApiBundle> {
  const context = ".build/api";
  const folder = join(projectRoot, context);
  const files = await bundle(projectRoot);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeIfChanged(join(folder, name), text);
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return { context, digest: shortHash(...sorted.flat()) };
}

async function bundle(projectRoot: string): Promise<ContextFiles> {
  try {
    return await buildApi({ redis: join(projectRoot, "redis/main.ts") });
  } catch (error) {
    throw new pulumi.RunError(`The API does not build.\n${(error as Error).message}`);
  }
}

function writeIfChanged(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
  // With a umask of 077, the image's user could not read it.
  chmodSync(path, 0o644);
}
