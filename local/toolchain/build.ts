import { mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { runCommand } from "../../host/run-command.ts";
import type { Report } from "../../host/steps.ts";
import { modulesDir } from "./lock.ts";
import { writeSchemaOverlay } from "./plugin-schema.ts";
import type { GoTool } from "./tools.ts";

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
    const options = {
      cwd: join(modulesDir, first.module),
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
      fix: "check that go is on PATH, that the Go module proxy can be reached (go env GOPROXY) and that the disk has space, then run the command again; it keeps finished packages",
    };
    const { schemaOf } = first;
    const overlay = schemaOf && (await writeSchemaOverlay({ ...first, schemaOf }, linkDir, options));
    await runCommand("go", goBuildArgs(tools, linkDir, overlay), {
      ...options,
      onLine: (line) => {
        if (line.startsWith("go: ")) report(line.slice(4));
        else report(`${++packages} packages, now ${line}`);
      },
    });
    for (const tool of tools) await rename(join(linkDir, linkedName(tool.package)), targetOf(tool));
    report(tools.map((tool) => tool.name).join(", "));
  } finally {
    await rm(linkDir, { recursive: true, force: true });
  }
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
