import { join } from "node:path";
import { build } from "esbuild";

/** The plugins of this folder, with the version of the npm package that their users install. */
export const plugins = [
  { name: "kubernetes", version: "4.34.2" },
  { name: "docker", version: "5.2.0" },
] as const;
export type PluginName = (typeof plugins)[number]["name"];

/**
 * Bundles a plugin into one CommonJS file, which Node.js starts in 0.2 s. With tsx and separate packages, each plugin of
 * each `pulumi up` takes more than 1 s to start.
 *
 * @throws {BuildFailure} of esbuild when the source does not compile.
 */
export async function bundlePlugin(name: PluginName, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, name, "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // An optional native part of ssh2.
    external: ["cpu-features"],
    loader: { ".node": "empty" },
    logLevel: "silent",
    // Parsing takes half of the start-up time.
    minify: true,
    keepNames: true,
  });
}
