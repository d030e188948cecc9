import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { delimiter, isAbsolute, join, sep } from "node:path";
import { runCommand } from "../../host/run-command.ts";
import type { GoTool } from "./tools.ts";
import { findVersion, isAccepted } from "./version.ts";

/** Whether a file exists and may be executed. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Returns the folders of a PATH value that are absolute and not inside of `without`. */
export function searchFolders(path: string, without: string): string[] {
  return path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && folder !== without && !folder.startsWith(without + sep));
}

/**
 * Finds a copy of the tool on PATH with an accepted version.
 *
 * @param ownCache folder to leave out: links from the tools of one lock to those of another would break.
 * @returns an absolute path without links; undefined when there is no such copy.
 */
export async function findOnPath(tool: GoTool, ownCache: string): Promise<string | undefined> {
  if (tool.onPath === undefined) return undefined;
  for (const folder of searchFolders(process.env.PATH ?? "", ownCache)) {
    const path = join(folder, tool.name);
    if (!(await isExecutable(path))) continue;
    const answer = await runCommand(path, tool.onPath.versionArgs, { timeoutMs: 10_000 }).catch(() => "");
    const found = findVersion(answer);
    if (found !== undefined && isAccepted(found, tool.version, tool.onPath.oldest)) return realpath(path);
  }
  return undefined;
}
