import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { note, step } from "../../host/steps.ts";
import { replaceByRename } from "../../host/write-whole.ts";
import { cacheDir } from "../paths.ts";
import { buildTools, downloadSource, removeKilledBuilds } from "./build.ts";
import { toolsLock } from "./lock.ts";
import { findOnPath, isExecutable } from "./path-tools.ts";
import { scripts } from "./scripts.ts";
import { type GoTool, goTools, type ModuleName, type ScriptName, type ToolName } from "./tools.ts";
import { formatVersion } from "./version.ts";

/** The programs of the embedded cluster that are built from source. */
export interface Tools {
  /** The folder with all tools. It belongs first on PATH. */
  searchPath: string;
  /** Returns the absolute path of a tool. */
  path(name: ToolName): string;
}

interface Folders {
  binDir: string;
  libexecDir: string;
  scratchDir: string;
}

function foldersOf(lock: string): Folders {
  const root = join(cacheDir, "tools", lock);
  return {
    binDir: join(root, "bin"),
    libexecDir: join(root, "libexec"),
    scratchDir: join(root, "building"),
  };
}

/**
 * Small modules come first, because the larger ones are downloaded while they compile. pulumi comes before Kubernetes,
 * because the download of its plugins is tried while that compiles.
 */
const buildOrder: readonly ModuleName[] = [
  "etcd",
  "language-nodejs",
  "pulumi",
  "kubernetes",
  "coredns",
  "network-policy",
];

const toolFolders = async (): Promise<Folders> => foldersOf(await toolsLock(goTools));

const isScript = (name: string): name is ScriptName => name in scripts;

/** Returns the path of a built program. A program that a script of the same name calls is not on PATH. */
function builtPath(tool: GoTool, folders: Folders): string {
  return join(isScript(tool.name) ? folders.libexecDir : folders.binDir, tool.name);
}

async function missingTools(folders: Folders, wanted: readonly GoTool[]): Promise<GoTool[]> {
  const missing: GoTool[] = [];
  for (const tool of wanted) if (!(await isExecutable(builtPath(tool, folders)))) missing.push(tool);
  return missing;
}

/** Whether every tool is in the cache, and those of `onDemand` too, so that Go is not needed. */
export async function toolsAreBuilt(onDemand: readonly GoTool[]): Promise<boolean> {
  for (const tool of onDemand) if (!(await isExecutable(await pathOnDemand(tool)))) return false;
  return (await missingTools(await toolFolders(), goTools)).length === 0;
}

const pathOnDemand = async (tool: GoTool): Promise<string> =>
  join(foldersOf(await toolsLock([tool])).binDir, tool.name);

/**
 * Makes sure that every tool exists: from the cache, else as a link to a program on PATH with an accepted version, else
 * built from its pinned Go module. It takes milliseconds with a full cache and about ten minutes on two cores with an
 * empty cache. A killed run can be repeated.
 *
 * @param wanted the tools that the caller needs. Default: all.
 * @throws {UserError} when a build fails.
 */
export async function ensureTools(wanted: readonly GoTool[] = goTools): Promise<Tools> {
  const folders = await toolFolders();
  await mkdir(folders.binDir, { recursive: true });
  await mkdir(folders.libexecDir, { recursive: true });

  const missing = await missingTools(folders, wanted);
  for (const [module, tools] of inBuildOrder(await linkFromPath(missing, folders))) {
    const names = tools.length > 2 ? `${tools.length} programs` : tools.map((tool) => tool.name).join(", ");
    const version = tools[0] ? formatVersion(tools[0].version) : "";
    await step(`Build ${names} of ${module} ${version}`, (report) =>
      buildTools(tools, (tool) => builtPath(tool, folders), folders.scratchDir, report),
    );
  }
  await removeKilledBuilds(folders.scratchDir);
  const { binDir } = folders;
  // Beside pulumi, which warns about a language host in another folder.
  for (const [name, content] of Object.entries(scripts)) await writeScript(join(binDir, name), content);
  return { searchPath: binDir, path: (name) => join(binDir, name) };
}

/**
 * Downloads the source of the tools that are to be built, one module after the other, so that it is there when their build
 * begins. The first module is left to its build, which begins at once. It reports no failure, see `downloadSource`.
 */
export async function downloadAhead(): Promise<void> {
  const folders = await toolFolders();
  const toBuild: GoTool[] = [];
  for (const tool of await missingTools(folders, goTools))
    if ((await findOnPath(tool, cacheDir)) === undefined) toBuild.push(tool);
  for (const [, tools] of [...inBuildOrder(toBuild)].slice(1)) await downloadSource(tools);
}

/**
 * Makes sure that a program is in the cache that not every set-up needs, and builds it if it is not. Its lock is its own,
 * and its folder is not on PATH. Safe to kill and run again.
 *
 * @returns the absolute path of the program.
 * @throws {UserError} when the build fails.
 */
export async function ensureTool(tool: GoTool): Promise<string> {
  const { binDir, scratchDir } = foldersOf(await toolsLock([tool]));
  const path = await pathOnDemand(tool);
  if (!(await isExecutable(path))) {
    await mkdir(binDir, { recursive: true });
    await step(`Build ${tool.name} ${formatVersion(tool.version)}`, (report) =>
      buildTools([tool], () => path, scratchDir, report),
    );
  }
  await removeKilledBuilds(scratchDir);
  return path;
}

/** Downloads the source of a program for `ensureTool` if that has to build it. It reports no failure. */
export async function downloadToolSource(tool: GoTool): Promise<void> {
  if (!(await isExecutable(await pathOnDemand(tool)))) await downloadSource([tool]);
}

/** Links to the programs on PATH that fit. @returns the tools that have to be built. */
async function linkFromPath(missing: readonly GoTool[], folders: Folders): Promise<GoTool[]> {
  const toBuild: GoTool[] = [];
  const linked: string[] = [];
  for (const tool of missing) {
    const found = await findOnPath(tool, cacheDir);
    if (found === undefined) {
      toBuild.push(tool);
      continue;
    }
    await replaceByRename(builtPath(tool, folders), (path) => symlink(found, path));
    linked.push(tool.name);
  }
  if (linked.length > 0) note(`  ✓ Tools from PATH: ${linked.join(", ")}`);
  return toBuild;
}

/** Groups tools by module, in the order of the builds. */
export function inBuildOrder(tools: readonly GoTool[]): Map<ModuleName, GoTool[]> {
  const place = ({ module }: GoTool): number => buildOrder.indexOf(module);
  return groupByModule(tools.toSorted((a, b) => place(a) - place(b)));
}

/** Groups tools by module, in the order of the first tool of each module. */
export function groupByModule(tools: readonly GoTool[]): Map<ModuleName, GoTool[]> {
  return Map.groupBy(tools, (tool) => tool.module);
}

async function writeScript(path: string, content: string): Promise<void> {
  const present = await readFile(path, "utf8").catch(() => undefined);
  if (present === content && (await isExecutable(path))) return;
  await replaceByRename(path, async (part) => {
    await writeFile(part, content);
    await chmod(part, 0o755);
  });
}
