import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { packageFolders, renderNotices } from "./notices.ts";

/** Text of the files of an image's build context, by name. */
export type ContextFiles = Map<string, string>;

/** Programs in one file each. */
export interface Bundles {
  files: ContextFiles;
  /** Absolute paths of all source files in them. */
  sources: string[];
}

/** File of the image with the licences of all packages whose code is in the image's programs. */
export const noticesFile = "THIRD_PARTY_LICENSES";

/**
 * Bundles programs with the options of `bundle.json`, each into one CommonJS file that needs no node_modules.
 *
 * @param folder absolute; bundles name files relative to it, so that equal sources give equal bundles on every machine
 * @param entryPoints source files relative to `folder`, by the name of the program without extension
 * @throws {BuildFailure} of esbuild when the sources do not compile.
 */
export async function bundlePrograms(folder: string, entryPoints: Record<string, string>): Promise<Bundles> {
  const options = JSON.parse(readFileSync(join(import.meta.dirname, "bundle.json"), "utf8")) as BuildOptions;
  const outdir = join(folder, ".build");
  const built = await build({
    ...options,
    entryPoints,
    absWorkingDir: folder,
    outdir,
    write: false,
    metafile: true,
  });
  return {
    files: new Map(built.outputFiles.map(({ path, text }) => [basename(path), text])),
    sources: Object.keys(built.metafile.inputs).map((path) => resolve(folder, path)),
  };
}

/**
 * Builds all files of the image's build context: the API's programs, their SQL, the Dockerfile, and the licences of the
 * packages in the programs.
 *
 * @param otherPrograms further programs of the image: source files relative to this folder, by their names
 * @throws {BuildFailure} of esbuild when the sources do not compile.
 * @throws {Error} when two SQL files have the same name.
 */
export async function buildApi(otherPrograms: Record<string, string> = {}): Promise<ContextFiles> {
  const { files, sources } = await bundlePrograms(import.meta.dirname, {
    server: "src/main.ts",
    "heavy-worker": "src/domain/heavy-worker.ts",
    "set-database-password": "src/set-database-password.ts",
    // Piscina starts its threads with the file of this name beside its own code, which is server.js in the image.
    worker: join(installedAt("piscina"), "dist", "worker.js"),
    ...otherPrograms,
  });
  files.set(noticesFile, renderNotices(packageFolders(sources)));
  files.set("Dockerfile", readHere("Dockerfile") + renderLabels(JSON.parse(readHere("package.json"))));
  const sql = readdirSync(join(import.meta.dirname, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sql"))
    .map((path) => join("src", path));
  for (const path of sql) {
    const name = basename(path);
    if (files.has(name))
      throw new Error(`${path}: another file has this name; rename one, the image has one folder`);
    files.set(name, readHere(path));
  }
  return files;
}

/** Folder of a package, in which links are not resolved: the bundle's names must not depend on where they lead. */
function installedAt(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const folder = folders.map((each) => join(each, name)).find(existsSync);
  if (folder === undefined) throw new Error(`${name} is not installed; run: npm ci`);
  return folder;
}

const readHere = (path: string): string => readFileSync(join(import.meta.dirname, path), "utf8");

/** What package.json says about the API; `repository` is the URL of its source code. */
export interface ImageFacts {
  name: string;
  description: string;
  license: string;
  version: string;
  repository?: string | { url: string };
}

/**
 * Renders the labels of the OCI image specification for a Dockerfile. There is none for the commit or the time of the build:
 * each would be another image for equal sources (docs/decisions.md#labels-of-the-image).
 */
export function renderLabels({ name, description, license, version, repository }: ImageFacts): string {
  const source = typeof repository === "object" ? repository.url : repository;
  const labels = { title: name, description, licenses: license, version, source };
  return Object.entries(labels)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `LABEL org.opencontainers.image.${key}=${quoteForDockerfile(value ?? "")}\n`)
    .join("");
}

/** In double quotes, a Dockerfile replaces variables, and takes the backslash as escape. */
function quoteForDockerfile(value: string): string {
  return `"${value.replace(/["\\$]/g, "\\$&")}"`;
}

/** Writes files into a folder, which is created if needed. */
export function writeFiles(folder: string, files: ContextFiles): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}

if (process.argv[1] === import.meta.filename) {
  const outDir = process.argv[2];
  if (outDir === undefined) {
    console.error("usage: node build.ts <outDir>");
    process.exit(2);
  }
  writeFiles(outDir, await buildApi());
}
