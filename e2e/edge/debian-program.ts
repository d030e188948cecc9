import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../host/digest.ts";
import type { Suite } from "../../local/images/recipes.ts";
import { findMirrors, unpackPackages } from "../../local/images/unpack-packages.ts";
import { projectRoot } from "../../scripts/stack.ts";

/** A program and the arguments that come before its own. */
export type Command = readonly [string, ...string[]];

/** A program of Debian packages. */
export interface DebianProgram {
  /** Name of the folder in `.build/`. */
  name: string;
  suite: Suite;
  packages: readonly string[];
  /** Path of the program in the packages. */
  path: string;
}

const libraries = "usr/lib/x86_64-linux-gnu";

/**
 * Returns the command that runs a program of Debian packages with their own libraries, without installing them. The first
 * call downloads them; later calls use `.build/`.
 */
export async function debianCommand({ name, suite, packages, path }: DebianProgram): Promise<Command> {
  const digest = sha256(JSON.stringify(packages), suite).slice(0, 10);
  const root = join(projectRoot, ".build", `${name}-${digest}`);
  if (!existsSync(root)) await unpackTo(root, name, suite, packages);
  const at = (file: string): string => join(root, file);
  return [at("usr/lib64/ld-linux-x86-64.so.2"), "--library-path", at(libraries), at(path)];
}

async function unpackTo(
  root: string,
  name: string,
  suite: Suite,
  packages: readonly string[],
): Promise<void> {
  const build = join(projectRoot, ".build");
  await mkdir(build, { recursive: true });
  const folder = await mkdtemp(join(build, `${name}-packages-`));
  try {
    await rename(await unpackPackages(suite, packages, folder, await findMirrors()), root);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
