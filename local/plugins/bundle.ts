import { join } from "node:path";
import { build } from "esbuild";

/** The plugins that are written here, with the version of the npm package whose programs they serve. */
export const plugins = [
  { name: "kubernetes", version: "4.34.2" },
  { name: "docker", version: "5.2.0" },
] as const;
export type PluginName = (typeof plugins)[number]["name"];

/**
 * Bundles a plugin into one CommonJS file: plain node starts it in 0.2 s, tsx and the separate packages take 1 s and more
 * for each plugin of each `pulumi up`.
 *
 * @throws esbuild's BuildFailure when the source does not compile.
 */
export async function bundlePlugin(name: PluginName, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, name, "main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // Optional native parts of ssh2; it works without.
    external: ["cpu-features"],
    loader: { ".node": "empty" },
    logLevel: "silent",
    // Half the start-up time is parsing.
    minify: true,
    keepNames: true,
  });
}
