import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";

/**
 * Bundles the API and the Redis program into `outDir` with the options of `bundle.json`, as the image gets them.
 *
 * `worker.js` is piscina's own: it looks for a file of that name beside its code, and the image has no node_modules.
 */
export async function buildApi(outDir: string): Promise<void> {
  const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
  const options = JSON.parse(readFileSync(path.join(root, "app/bundle.json"), "utf8")) as BuildOptions;
  // Relative to the root, so that no bundle names a folder of the machine it was built on.
  await build({ ...options, absWorkingDir: root, outdir: path.resolve(outDir), logLevel: "warning" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outDir = process.argv[2];
  if (outDir === undefined) {
    console.error("usage: node --import tsx app/build.ts <outDir>");
    process.exit(2);
  }
  await buildApi(outDir);
}
