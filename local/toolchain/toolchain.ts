import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { step } from "../../host/steps.ts";
import { replaceByRename } from "../../host/write-whole.ts";
import { cacheDir } from "../paths.ts";
import { buildTools } from "./build.ts";
import { toolsLock } from "./lock.ts";
import { findOnPath, isExecutable } from "./path-tools.ts";
import { scripts } from "./scripts.ts";
import { type GoTool, goTools, type ModuleName, type ScriptName, type ToolName } from "./tools.ts";
import { formatVersion } from "./version.ts";

/** The programs of the embedded cluster that are built from source. */
export interface Tools {
  /** Folder with a file or link for every tool. It belongs first on PATH. */
  binDir: string;
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
  return { binDir: join(root, "bin"), libexecDir: join(root, "libexec"), scratchDir: join(root, "building") };
}

const toolFolders = async (): Promise<Folders> => foldersOf(await toolsLock(goTools, scripts));

const isScript = (name: string): name is ScriptName => name in scripts;

/** Returns the path of a built program. In `bin/`, a script of the same name may call it. */
function builtPath(tool: GoTool, folders: Folders): string {
  return join(isScript(tool.name) ? folders.libexecDir : folders.binDir, tool.name);
}

async function missingTools(folders: Folders): Promise<GoTool[]> {
  const missing: GoTool[] = [];
  for (const tool of goTools) if (!(await isExecutable(builtPath(tool, folders)))) missing.push(tool);
  return missing;
}

/** Whether every tool is in the cache, so that Go is not needed. */
export async function toolsAreBuilt(): Promise<boolean> {
  return (await missingTools(await toolFolders())).length === 0;
}

/**
 * Makes sure that every tool exists: from the cache, else as a link to a program on PATH with an accepted version, else
 * built from its pinned Go module. It takes milliseconds with a full cache and about ten minutes on two cores with an
 * empty cache. A killed run can be repeated.
 *
 * @throws {UserError} when a build fails.
 */
export async function ensureTools(): Promise<Tools> {
  const folders = await toolFolders();
  await mkdir(folders.binDir, { recursive: true });
  await mkdir(folders.libexecDir, { recursive: true });

  const missing = await missingTools(folders);
  if (missing.length > 0) {
    const toBuild = await linkFromPath(missing, folders);
    for (const [module, tools] of groupByModule(toBuild)) {
      const names = tools.length > 2 ? `${tools.length} programs` : tools.map((tool) => tool.name).join(", ");
      const version = tools[0] ? formatVersion(tools[0].version) : "";
      await step(`Build ${names} of ${module} ${version}`, (report) =>
        buildTools(tools, (tool) => builtPath(tool, folders), folders.scratchDir, report),
      );
    }
    await rm(folders.scratchDir, { recursive: true, force: true });
  }
  for (const [name, content] of Object.entries(scripts))
    await writeScript(join(folders.binDir, name), content);
  return { binDir: folders.binDir, path: (name) => join(folders.binDir, name) };
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
  const path = join(binDir, tool.name);
  if (await isExecutable(path)) return path;
  await mkdir(binDir, { recursive: true });
  await step(`Build ${tool.name} ${formatVersion(tool.version)}`, (report) =>
    buildTools([tool], () => path, scratchDir, report),
  );
  await rm(scratchDir, { recursive: true, force: true });
  return path;
}

async function linkFromPath(missing: readonly GoTool[], folders: Folders): Promise<GoTool[]> {
  return step("Look for tools on PATH", async (report) => {
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
    report(linked.length > 0 ? `using ${linked.join(", ")}` : "found none");
    return toBuild;
  });
}

/** Groups tools by module, in the order of the first tool of each module. */
export function groupByModule(tools: readonly GoTool[]): Map<ModuleName, GoTool[]> {
  const groups = new Map<ModuleName, GoTool[]>();
  for (const tool of tools) groups.set(tool.module, [...(groups.get(tool.module) ?? []), tool]);
  return groups;
}

async function writeScript(path: string, content: string): Promise<void> {
  if (await isExecutable(path)) return;
  await replaceByRename(path, async (part) => {
    await writeFile(part, content);
    await chmod(part, 0o755);
  });
}
