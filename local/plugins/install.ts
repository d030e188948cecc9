import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../contract/user-error.ts";
import { step } from "../../host/steps.ts";
import { replaceByRename } from "../../host/write-whole.ts";
import { dataPaths } from "../paths.ts";
import { bundlePlugin, type PluginName, plugins } from "./bundle.ts";

const run = promisify(execFile);
const downloadTimeoutMs = 20_000;

/** Where the engine looks for a plugin below PULUMI_HOME. */
export const pluginDir = (pulumiHome: string, name: string, version: string): string =>
  join(pulumiHome, "plugins", `resource-${name}-v${version}`);

/** Asks Pulumi's download site; false when it cannot be reached in time. */
async function installOfficial(
  pulumi: string,
  pulumiHome: string,
  name: string,
  version: string,
): Promise<boolean> {
  try {
    await run(pulumi, ["plugin", "install", "resource", name, version, "--non-interactive"], {
      timeout: downloadTimeoutMs,
      killSignal: "SIGKILL",
      env: { ...process.env, PULUMI_HOME: pulumiHome, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    return existsSync(join(pluginDir(pulumiHome, name, version), `pulumi-resource-${name}`));
  } catch {
    return false;
  }
}

/** Puts the bundled plugin of this checkout, its start script and a link to this Node.js into the plugin's folder. */
async function installOwn(pulumiHome: string, name: PluginName, version: string): Promise<void> {
  const dir = pluginDir(pulumiHome, name, version);
  await mkdir(dir, { recursive: true });
  await replaceByRename(join(dir, "main.cjs"), (path) => bundlePlugin(name, path));
  await replaceByRename(join(dir, "node"), (path) => symlink(process.execPath, path));
  await replaceByRename(join(dir, `pulumi-resource-${name}`), async (path) => {
    await copyFile(join(import.meta.dirname, "start-plugin.sh"), path);
    await chmod(path, 0o755);
  });
}

/** Which plugins a home holds; `undefined` when nobody asked the download site yet. */
async function rememberedSource(marker: string): Promise<string | undefined> {
  return await readFile(marker, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/**
 * Puts one plugin into `pulumiHome`: the official one when it can be downloaded within 20 s, else ours. The answer is
 * kept in `plugins/resource-<name>-v<version>.source`; delete that file to ask again. Ours is bundled anew each time.
 */
async function ensurePlugin(
  pulumi: string,
  pulumiHome: string,
  name: PluginName,
  version: string,
): Promise<string> {
  const dir = pluginDir(pulumiHome, name, version);
  const marker = `${dir}.source`;
  const remembered = await rememberedSource(marker);
  if (remembered === "official" && existsSync(join(dir, `pulumi-resource-${name}`))) return "official";
  if (remembered !== "own") {
    // What a killed run or an older checkout left would pass for installed.
    await rm(dir, { recursive: true, force: true });
    if (await installOfficial(pulumi, pulumiHome, name, version)) {
      await writeFile(marker, "official\n");
      return "official";
    }
  }
  await installOwn(pulumiHome, name, version);
  await writeFile(marker, "own\n");
  return "own";
}

/**
 * Makes the kubernetes and docker plugins available to the engine in the data folder's PULUMI_HOME.
 *
 * @throws {UserError} when a plugin can neither be downloaded nor bundled.
 */
export async function ensurePlugins(tools: { path(name: "pulumi"): string }): Promise<void> {
  await step("Pulumi plugins", async (report) => {
    const { pulumiHome } = dataPaths;
    await mkdir(join(pulumiHome, "plugins"), { recursive: true });
    try {
      const sources = await Promise.all(
        plugins.map(async ({ name, version }) => {
          const source = await ensurePlugin(tools.path("pulumi"), pulumiHome, name, version);
          return `${name} ${version} (${source})`;
        }),
      );
      report(sources.join(", "));
    } catch (error) {
      throw new UserError(
        `The Pulumi plugins could not be installed: ${error instanceof Error ? error.message : String(error)}`,
        `Check that ${pulumiHome} is writable and has space, and run npm install if packages are missing.`,
        { cause: error },
      );
    }
  });
}
