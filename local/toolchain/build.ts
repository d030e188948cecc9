import { appendFile, mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { endedChildrenCpuSeconds, startTimeOf } from "../../host/process-table.ts";
import type { Report } from "../../host/steps.ts";
import { cacheDir } from "../paths.ts";
import { runGo, tryGo } from "./go-command.ts";
import { writeSchemaOverlay } from "./plugin-schema.ts";
import type { GoTool } from "./tools.ts";
import { formatVersion } from "./version.ts";

/**
 * Builds tools of one module in a single `go build`, which compiles shared packages once, and moves each tool to
 * `targetOf(tool)`. The tools are linked in a folder of this process first, so a killed build leaves no incomplete program.
 * Compiled packages stay in Go's own cache.
 *
 * @param scratchDir folder for the links, on the same disk as the targets.
 * @throws {UserError} with the compiler's last lines.
 */
export async function buildTools(
  tools: readonly GoTool[],
  targetOf: (tool: GoTool) => string,
  scratchDir: string,
  report: Report,
): Promise<void> {
  const first = tools[0];
  if (first === undefined) return;
  const linkDir = join(scratchDir, `${first.module}-${process.pid}`);
  await rm(linkDir, { recursive: true, force: true });
  await mkdir(linkDir, { recursive: true });
  try {
    let packages = 0;
    const measured = await startClock();
    const { schemaOf } = first;
    const overlay = schemaOf && (await writeSchemaOverlay({ ...first, schemaOf }, linkDir));
    await runGo(first.module, goBuildArgs(tools, linkDir, overlay), {
      temporary: linkDir,
      onLine: (line) => {
        if (line.startsWith("go: ")) report(line.slice(4));
        else report(`${++packages} packages, now ${line}`);
      },
    });
    for (const tool of tools) await rename(join(linkDir, linkedName(tool.package)), targetOf(tool));
    const { seconds, cpuSeconds } = await measured();
    await recordBuild({ module: first.module, version: formatVersion(first.version), seconds, cpuSeconds });
    report(`${cpuSeconds.toFixed(0)} s of CPU: ${tools.map((tool) => tool.name).join(", ")}`);
  } finally {
    await rm(linkDir, { recursive: true, force: true });
  }
}

/** Removes the folders of builds that were killed, and `scratchDir` if no other build runs. */
export async function removeKilledBuilds(scratchDir: string): Promise<void> {
  for (const name of await readdir(scratchDir).catch(() => [])) {
    const pid = Number(name.slice(name.lastIndexOf("-") + 1));
    if ((await startTimeOf(pid)) === undefined)
      await rm(join(scratchDir, name), { recursive: true, force: true });
  }
  await rmdir(scratchDir).catch(() => {});
}

/** Downloads the source of tools of one module. It reports no failure: the build tries it again, and does. */
export async function downloadSource(tools: readonly GoTool[]): Promise<void> {
  const [first] = tools;
  if (first === undefined) return;
  await tryGo(first.module, ["list", "-mod=readonly", "-deps", ...tools.map((tool) => tool.package)]);
}

async function startClock(): Promise<() => Promise<{ seconds: number; cpuSeconds: number }>> {
  const [startedMs, cpuBefore] = [performance.now(), await endedChildrenCpuSeconds()];
  return async () => ({
    seconds: Math.round((performance.now() - startedMs) / 1000),
    cpuSeconds: Math.round((await endedChildrenCpuSeconds()) - cpuBefore),
  });
}

/**
 * Adds a line to the cache's history of builds: how long the build of a module took, and the CPU time of all programs of
 * this process that ended in that time.
 */
async function recordBuild(build: {
  module: string;
  version: string;
  seconds: number;
  cpuSeconds: number;
}): Promise<void> {
  const line = { builtAt: new Date().toISOString(), ...build };
  await appendFile(join(cacheDir, "build-times.jsonl"), `${JSON.stringify(line)}\n`);
}

/**
 * Returns the arguments of `go` that link `tools` into `linkDir`, without debug tables and paths of this machine.
 *
 * @param overlay file that names the generated files of the module, if it has any.
 */
export function goBuildArgs(tools: readonly GoTool[], linkDir: string, overlay?: string): string[] {
  const variables = Object.entries(tools[0]?.linkVariables ?? {}).map(
    ([name, value]) => `-X ${name}=${value}`,
  );
  return [
    "build",
    "-v",
    "-mod=readonly",
    "-trimpath",
    // An eighth of the compiler's CPU time. The linker leaves debug tables out anyway.
    "-gcflags=all=-dwarf=false",
    ...(overlay === undefined ? [] : ["-overlay", overlay]),
    `-ldflags=${["-s", "-w", ...variables].join(" ")}`,
    "-o",
    `${linkDir}/`,
    ...tools.map((tool) => tool.package),
  ];
}

/** Returns the file name that `go build -o folder/` uses for a package: its last part that is not a major version. */
export function linkedName(packagePath: string): string {
  return basename(packagePath.replace(/\/v\d+$/, ""));
}
