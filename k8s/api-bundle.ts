import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type BuildOptions, buildSync } from "esbuild";
import { shortHash } from "../config/derive.ts";

/** A docker build context that was written, and what it holds. */
export interface ApiBundle {
  /** Relative to the project's folder, so that the state names no folder of this machine. */
  context: string;
  /** Of everything in the context; equal sources give equal digests on every machine. */
  digest: string;
  /** Of the Redis program alone. */
  redisProgramDigest: string;
}

/**
 * Bundles the API and the Redis program with the options in app/bundle.json and writes them, with app/Dockerfile, to
 * `.build/api`. Files that are right already are left alone.
 *
 * @throws pulumi.RunError with esbuild's messages when the sources do not build.
 */
export function writeApiBundle(projectRoot: string): ApiBundle {
  const context = ".build/api";
  const folder = join(projectRoot, context);
  const files = new Map(
    bundle(projectRoot, folder).map(({ path, text }) => [path.slice(folder.length + 1), text]),
  );
  files.set("Dockerfile", readFileSync(join(projectRoot, "app", "Dockerfile"), "utf8"));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeIfChanged(join(folder, name), text);
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    context,
    digest: shortHash(...sorted.flat()),
    redisProgramDigest: shortHash(files.get("redis.js") ?? ""),
  };
}

function bundle(projectRoot: string, folder: string) {
  const options = JSON.parse(readFileSync(join(projectRoot, "app", "bundle.json"), "utf8")) as BuildOptions;
  try {
    // Paths relative to the root: no bundle may name a folder of the machine that it was built on.
    return buildSync({
      ...options,
      absWorkingDir: projectRoot,
      outdir: folder,
      logLevel: "silent",
      write: false,
    }).outputFiles;
  } catch (error) {
    throw new pulumi.RunError(`The API does not build.\n${(error as Error).message}`);
  }
}

function writeIfChanged(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  writeFileSync(path, text);
}
