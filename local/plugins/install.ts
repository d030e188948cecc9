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

/** Returns the folder of a plugin below PULUMI_HOME. */
export const pluginDir = (pulumiHome: string, name: string, version: string): string =>
  join(pulumiHome, "plugins", `resource-${name}-v${version}`);

/** Installs a plugin from Pulumi's download site. @returns false when the site cannot be reached in time. */
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

/** Returns the source of an installed plugin; undefined before the first installation. */
async function rememberedSource(marker: string): Promise<string | undefined> {
  return await readFile(marker, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/**
 * Installs a plugin into `pulumiHome`: the official plugin if it can be downloaded within 20 s, else this checkout's own,
 * which is bundled each time. `plugins/resource-<name>-v<version>.source` keeps the choice; delete that file to try the
 * download again.
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
    // A killed run or an older checkout may have left an incomplete plugin.
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
 * Installs the kubernetes and docker plugins into the data folder's PULUMI_HOME.
 *
 * @throws {UserError} when a plugin cannot be downloaded and cannot be bundled.
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
        `the Pulumi plugins could not be installed: ${error instanceof Error ? error.message : String(error)}`,
        `check that ${pulumiHome} is writable and has space, and run npm ci if packages are missing`,
        { cause: error },
      );
    }
  });
}
