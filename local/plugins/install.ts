import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { runCommand } from "../../host/run-command.ts";
import { type Report, step } from "../../host/steps.ts";
import { replaceByRename } from "../../host/write-whole.ts";
import { dataPaths } from "../paths.ts";
import { downloadToolSource, ensureTool } from "../toolchain/toolchain.ts";
import { kubernetesPlugin } from "../toolchain/tools.ts";
import { formatVersion } from "../toolchain/version.ts";
import { bundleDockerPlugin } from "./bundle.ts";
import { dockerPlugin } from "./docker/plugin.ts";

const downloadTimeoutMs = 20_000;

/** A plugin of the stack's program, and its substitute when it cannot be downloaded. */
interface Plugin {
  name: string;
  /** Of the npm package in the program. The engine asks for exactly this version. */
  version: string;
  /** What `install` installs, for the report. */
  substitute: string;
  /**
   * Puts the program `pulumi-resource-<name>` into `dir`. An older program there is replaced.
   *
   * @param buildAfter what to await before a build, see `ensurePlugins`.
   */
  install(dir: string, buildAfter: Promise<unknown>): Promise<void>;
}

/** The plugins of the stack's program. */
export const plugins: readonly Plugin[] = [
  {
    name: "kubernetes",
    version: formatVersion(kubernetesPlugin.version),
    substitute: "built from its Go module",
    install: linkBuiltPlugin,
  },
  { ...dockerPlugin, substitute: "from this checkout", install: installDockerPlugin },
];

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
    await runCommand(pulumi, ["plugin", "install", "resource", name, version, "--non-interactive"], {
      timeoutMs: downloadTimeoutMs,
      timeoutSignal: "SIGKILL",
      env: { ...process.env, PULUMI_HOME: pulumiHome, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    return existsSync(join(pluginDir(pulumiHome, name, version), `pulumi-resource-${name}`));
  } catch {
    return false;
  }
}

/** Links to the plugin in the cache of tools, and builds it first if the cache does not have it. */
async function linkBuiltPlugin(dir: string, buildAfter: Promise<unknown>): Promise<void> {
  await Promise.all([buildAfter, downloadToolSource(kubernetesPlugin)]);
  const built = await ensureTool(kubernetesPlugin);
  await replaceByRename(join(dir, kubernetesPlugin.name), (path) => symlink(built, path));
}

/** Puts the bundled plugin of this checkout, its start script and a link to this Node.js into the plugin's folder. */
export async function installDockerPlugin(dir: string): Promise<void> {
  await replaceByRename(join(dir, "main.cjs"), bundleDockerPlugin);
  await replaceByRename(join(dir, "node"), (path) => symlink(process.execPath, path));
  await replaceByRename(join(dir, "pulumi-resource-docker"), async (path) => {
    await copyFile(join(import.meta.dirname, "start-plugin.sh"), path);
    await chmod(path, 0o755);
  });
}

/** Returns the source of an installed plugin: "official" or "own"; undefined before the first installation. */
async function rememberedSource(marker: string): Promise<string | undefined> {
  return await readFile(marker, "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** Returns whether the official plugin is installed, now or after a download of at most 20 s. */
async function isDownloaded(pulumi: string, pulumiHome: string, { name, version }: Plugin): Promise<boolean> {
  const dir = pluginDir(pulumiHome, name, version);
  const marker = `${dir}.source`;
  const remembered = await rememberedSource(marker);
  if (remembered === "own") return false;
  if (remembered === "official" && existsSync(join(dir, `pulumi-resource-${name}`))) return true;
  // A killed run or an older checkout may have left an incomplete plugin.
  await rm(dir, { recursive: true, force: true });
  const downloaded = await installOfficial(pulumi, pulumiHome, name, version);
  if (downloaded) await writeFile(marker, "official\n");
  return downloaded;
}

/** Tries to download the plugins and reports the source of each. @returns the plugins that need their substitute. */
async function downloadPlugins(pulumi: string, pulumiHome: string, report: Report): Promise<Plugin[]> {
  await mkdir(join(pulumiHome, "plugins"), { recursive: true });
  const downloaded = await Promise.all(plugins.map((plugin) => isDownloaded(pulumi, pulumiHome, plugin)));
  const source = (plugin: Plugin, index: number): string =>
    `${plugin.name} ${plugin.version} (${downloaded[index] ? "downloaded" : plugin.substitute})`;
  report(plugins.map(source).join(", "));
  return plugins.filter((_plugin, index) => !downloaded[index]);
}

/**
 * Installs the kubernetes and docker plugins into the data folder's PULUMI_HOME: from the download site if that is possible
 * within 20 s, else built from the Go module (kubernetes) or bundled from this checkout (docker), each time anew.
 * `plugins/resource-<name>-v<version>.source` keeps the choice; delete that file to try the download again.
 *
 * @param buildAfter awaited before a plugin is built: another build that compiles packages of the plugin.
 * @throws {UserError} when a plugin cannot be downloaded and cannot be built or bundled.
 * @throws {Error} of `buildAfter`.
 */
export async function ensurePlugins(
  tools: { path(name: "pulumi"): string },
  buildAfter: Promise<unknown> = Promise.resolve(),
): Promise<void> {
  const { pulumiHome } = dataPaths;
  try {
    const missing = await step("Pulumi plugins", (report) =>
      downloadPlugins(tools.path("pulumi"), pulumiHome, report),
    );
    await Promise.all(
      missing.map(async ({ name, version, install }) => {
        const dir = pluginDir(pulumiHome, name, version);
        await mkdir(dir, { recursive: true });
        await install(dir, buildAfter);
        await writeFile(`${dir}.source`, "own\n");
      }),
    );
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `the Pulumi plugins could not be installed: ${error instanceof Error ? error.message : String(error)}`,
      `check that ${pulumiHome} is writable and has space, and run npm ci if packages are missing`,
      { cause: error },
    );
  }
}
