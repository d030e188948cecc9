import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { runCommand } from "../../host/run-command.ts";
import { columns } from "../../host/table.ts";
import { cacheDir, dataDir } from "../paths.ts";
import { goVersionNeeded } from "./lock.ts";
import { toolsAreBuilt } from "./toolchain.ts";
import type { GoTool } from "./tools.ts";
import { compareVersions, findVersion } from "./version.ts";

const gib = 1024 ** 3;
/** Free space in GiB. During a build, Go's caches take 8; the cluster, images and tools take 4. */
const freeToBuildGib = 12;
const freeToRunGib = 4;

const elsewhere =
  "To use another Kubernetes instead: set breakwater:cluster.kubeContext and breakwater:registry.address in stack config, then run npm start again.";

/** A requirement of the embedded cluster. */
export interface Requirement {
  tool: string;
  found: string;
  needed: string;
  met: boolean;
  get: string;
}

/**
 * Checks all requirements of the embedded cluster at once.
 *
 * @param onDemand programs that this run needs besides those of every cluster.
 * @throws {UserError} with exit code 2, on another system than Linux, without root, or with a table of all requirements.
 */
export async function preflight(onDemand: readonly GoTool[]): Promise<void> {
  if (process.platform !== "linux") {
    throw new UserError(
      `the embedded cluster runs on Linux; this is ${process.platform}`,
      `run it in a Debian virtual machine. ${elsewhere}`,
      { exitCode: 2 },
    );
  }
  if (process.getuid?.() !== 0) {
    throw new UserError(
      "the embedded cluster needs root, because it creates a network bridge, mounts and cgroups",
      `run the same command as root (sudo -i, then npm start). ${elsewhere}`,
      { exitCode: 2 },
    );
  }
  const requirements = await examine(onDemand);
  const unmet = requirements.filter((each) => !each.met);
  if (unmet.length > 0) {
    throw new UserError(
      `this machine does not meet the requirements of the embedded cluster:\n${requirementTable(requirements)}`,
      `${unmet.map((each) => `${each.tool}: ${each.get}`).join("\n")}\n${elsewhere}`,
      { exitCode: 2 },
    );
  }
}

async function examine(onDemand: readonly GoTool[]): Promise<Requirement[]> {
  const built = await toolsAreBuilt(onDemand);
  const requirements: Requirement[] = [
    {
      tool: "processor",
      found: process.arch,
      needed: "x64",
      met: process.arch === "x64",
      get: "use a 64-bit x86 machine, for which the base images are built",
    },
  ];
  if (!built) requirements.push(await examineGo());
  requirements.push(
    await examineCommand("apt-get", "use Debian 12 or newer, because packages are installed with it"),
    await examineSpace(cacheDir, built ? 0 : freeToBuildGib),
    await examineSpace(dataDir, freeToRunGib),
  );
  return requirements;
}

/** Returns a requirement of a version. @param found text with the version. @param needed the oldest accepted version. */
export function atLeast(tool: string, found: string | undefined, needed: string, get: string): Requirement {
  const version = findVersion(found ?? "");
  const least = findVersion(needed);
  const met = version !== undefined && least !== undefined && compareVersions(version, least) >= 0;
  return { tool, found: version?.join(".") ?? "none", needed: `${needed} or newer`, met, get };
}

async function examineGo(): Promise<Requirement> {
  const found = await runCommand("go", ["version"], { timeoutMs: 30_000 }).catch(() => undefined);
  return atLeast(
    "go",
    found,
    await goVersionNeeded(),
    "install it from https://go.dev/dl and put it on PATH",
  );
}

async function examineCommand(tool: string, get: string): Promise<Requirement> {
  const found = await runCommand(tool, ["--version"], { timeoutMs: 30_000 }).catch(() => undefined);
  return {
    tool,
    found: findVersion(found ?? "")?.join(".") ?? "none",
    needed: "any",
    met: found !== undefined,
    get,
  };
}

async function examineSpace(folder: string, neededGib: number): Promise<Requirement> {
  let present = folder;
  while (!existsSync(present) && present !== dirname(present)) present = dirname(present);
  const space = await statfs(present);
  const freeGib = (space.bavail * space.bsize) / gib;
  return {
    tool: `disk space of ${folder}`,
    found: `${freeGib.toFixed(1)} GiB free`,
    needed: `${neededGib} GiB`,
    met: freeGib >= neededGib,
    get: "free some space, or set XDG_CACHE_HOME (tools) or BREAKWATER_HOME (cluster) to a folder on another disk",
  };
}

/** Formats requirements as a table with a mark before each row. */
export function requirementTable(requirements: readonly Requirement[]): string {
  const rows = [
    ["", "tool", "found", "needed"],
    ...requirements.map((each) => [each.met ? "✓" : "✗", each.tool, each.found, each.needed]),
  ];
  return columns(rows, []).replaceAll(/^/gm, "  ");
}
