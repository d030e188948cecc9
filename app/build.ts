import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { type BuildOptions, buildSync } from "esbuild";

/** Text of the files of an image's build context, by name. */
export type ContextFiles = Map<string, string>;

/**
 * Bundles programs with the options of `bundle.json`, each into one CommonJS file that needs no node_modules.
 *
 * @param folder absolute; bundles name files relative to it, so that equal sources give equal bundles on every machine
 * @param entryPoints source files relative to `folder`, by the name of the program without extension
 * @throws {BuildFailure} of esbuild when the sources do not compile.
 */
export function bundlePrograms(folder: string, entryPoints: Record<string, string>): ContextFiles {
  const options = JSON.parse(readFileSync(join(import.meta.dirname, "bundle.json"), "utf8")) as BuildOptions;
  const outdir = join(folder, ".build");
  const { outputFiles } = buildSync({ ...options, entryPoints, absWorkingDir: folder, outdir, write: false });
  return new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
}

/**
 * Builds all files of the image's build context: the API's programs, their SQL, and the Dockerfile.
 *
 * @throws {BuildFailure} of esbuild when the sources do not compile.
 * @throws {Error} when two SQL files have the same name.
 */
export function buildApi(): ContextFiles {
  const files = bundlePrograms(import.meta.dirname, {
    server: "src/main.ts",
    "heavy-worker": "src/domain/heavy-worker.ts",
    // Piscina starts its threads with the file of this name beside its own code, which is server.js in the image.
    worker: join(dirname(createRequire(import.meta.url).resolve("piscina")), "worker.js"),
  });
  const sql = readdirSync(join(import.meta.dirname, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".sql"))
    .map((path) => join("src", path));
  for (const path of ["Dockerfile", ...sql]) {
    const name = basename(path);
    if (files.has(name))
      throw new Error(`${path}: another file has this name; rename one, the image has one folder`);
    files.set(name, readFileSync(join(import.meta.dirname, path), "utf8"));
  }
  return files;
}

/** Writes files into a folder, which is created if needed. */
export function writeFiles(folder: string, files: ContextFiles): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
}

if (process.argv[1] === import.meta.filename) {
  const outDir = process.argv[2];
  if (outDir === undefined) {
    console.error("usage: node --import tsx build.ts <outDir>");
    process.exit(2);
  }
  writeFiles(outDir, buildApi());
}
