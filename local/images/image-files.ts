import { existsSync } from "node:fs";
import { chmod, copyFile, lstat, mkdir, readdir, readlink, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { runCommand } from "../../host/run-command.ts";
import { alwaysLoaded, imageUser, type Recipe } from "./recipes.ts";
import { neededLibraries } from "./shared-libraries.ts";

const libraryFolder = "/usr/lib/x86_64-linux-gnu";
const loaderName = "ld-linux-x86-64.so.2";
const loader = `/usr/lib64/${loaderName}`;
const mergedFolders = ["bin", "sbin", "lib", "lib64"];

/**
 * Assembles the files of one image: the recipe's programs and folders from unpacked packages, the shared libraries that
 * they need, and the parts of every image (user, /tmp, the links of a merged /usr).
 *
 * @param packages folder with the unpacked packages.
 * @param image an empty folder, which becomes the image's root.
 * @throws {UserError} when a file or library of the recipe is not in the packages.
 */
export async function assembleImage(recipe: Recipe, packages: string, image: string): Promise<void> {
  await addBasics(image);
  const files = new FileCopier(packages, image, recipe.without ?? []);
  for (const folder of recipe.folders ?? []) await files.add(folder);
  for (const program of recipe.programs) await files.add(program);
  if (recipe.npm !== undefined) {
    const source = join(packageFolder(recipe.npm.package), recipe.npm.from);
    const target = join(image, recipe.npm.to);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, target);
    await chmod(target, 0o755);
    // Removes the symbol table, which is a seventh of the binary and is not used at run time.
    await runCommand("strip", ["--strip-unneeded", target]);
    files.copied.push(target);
  }
  await addLibraries(files);
  for (const [path, target] of Object.entries(recipe.links ?? {})) {
    await mkdir(dirname(join(image, path)), { recursive: true });
    await symlink(target, join(image, path));
  }
  for (const path of recipe.writable ?? []) {
    await mkdir(join(image, path), { recursive: true });
    await chmod(join(image, path), 0o1777);
  }
}

/**
 * Returns the folder of an npm package of this checkout.
 *
 * @throws {UserError} when npm has left the package out, because it is optional.
 */
export function packageFolder(name: string): string {
  const folder = join(import.meta.dirname, "../../node_modules", name);
  if (!existsSync(folder))
    throw new UserError(
      `the npm package ${name} is not installed, and a base image is made of its program`,
      "run npm ci --include=optional with a registry that has the package",
    );
  return folder;
}

async function addBasics(image: string): Promise<void> {
  await mkdir(join(image, "etc"), { recursive: true });
  for (const folder of mergedFolders) {
    await mkdir(join(image, "usr", folder), { recursive: true });
    await symlink(`usr/${folder}`, join(image, folder));
  }
  const { name, id } = imageUser;
  await writeFile(
    join(image, "etc/passwd"),
    `root:x:0:0:root:/:/sbin/nologin\n${name}:x:${id}:${id}:${name}:/tmp:/sbin/nologin\n`,
  );
  await writeFile(join(image, "etc/group"), `root:x:0:\n${name}:x:${id}:\n`);
  await mkdir(join(image, "tmp"));
  await chmod(join(image, "tmp"), 0o1777);
}

/** Copies files of the packages to the same path in the image, each once, with the targets of links. */
class FileCopier {
  /** Regular files in the image, by absolute path on this machine. */
  readonly copied: string[] = [];
  readonly #packages: string;
  readonly #image: string;
  readonly #without: ReadonlySet<string>;
  readonly #seen = new Set<string>();

  constructor(packages: string, image: string, without: readonly string[]) {
    this.#packages = packages;
    this.#image = image;
    this.#without = new Set(without);
  }

  async add(path: string): Promise<void> {
    if (this.#without.has(path) || this.#seen.has(path)) return;
    this.#seen.add(path);
    const source = join(this.#packages, path);
    const target = join(this.#image, path);
    const found = await lstat(source).catch(() => undefined);
    if (found === undefined) throw missing(path);
    if (found.isDirectory()) {
      await mkdir(target, { recursive: true });
      for (const name of (await readdir(source)).sort()) await this.add(join(path, name));
      return;
    }
    await mkdir(dirname(target), { recursive: true });
    if (found.isSymbolicLink()) {
      const link = await readlink(source);
      await symlink(link, target);
      await this.add(resolve(dirname(path), link));
      return;
    }
    await copyFile(source, target);
    await chmod(target, found.mode & 0o777);
    this.copied.push(target);
  }
}

/** Adds the libraries that the copied files need, the libraries that these need, and the loader. */
async function addLibraries(files: FileCopier): Promise<void> {
  // The list grows during the loop, because an added library may need other libraries.
  for (const path of files.copied) {
    const needed = await neededLibraries(path);
    for (const name of needed) await files.add(name === loaderName ? loader : join(libraryFolder, name));
    if (needed.includes("libc.so.6")) for (const each of [loader, ...alwaysLoaded]) await files.add(each);
  }
}

const missing = (path: string): UserError =>
  new UserError(
    `${path} is in none of the packages of a base image`,
    "Debian has moved the file: correct local/images/recipes.ts",
  );
