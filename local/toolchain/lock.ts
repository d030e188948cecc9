import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../../host/digest.ts";
import type { GoTool } from "./tools.ts";

/** The folder with the Go modules, one for each family of tools. */
export const modulesDir = join(import.meta.dirname, "modules");

/** Returns the first 16 hex digits of the SHA-256 of named contents, in the order of their names. */
export function digestFiles(files: ReadonlyMap<string, string>): string {
  const parts = [...files.keys()].sort().map((name) => {
    const content = files.get(name) ?? "";
    return `${name}\0${Buffer.byteLength(content)}\0${content}`;
  });
  return sha256(...parts).slice(0, 16);
}

/**
 * Returns a digest of everything that determines `tools`: the files of their modules, their entries in the list of tools
 * and the processor type.
 */
export async function toolsLock(tools: readonly GoTool[]): Promise<string> {
  const files = new Map<string, string>();
  for (const module of new Set(tools.map((tool) => tool.module))) {
    const dir = join(modulesDir, module);
    for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(path.slice(modulesDir.length + 1), await readFile(path, "utf8"));
    }
  }
  files.set("tools", JSON.stringify({ goTools: tools, processor: process.arch }));
  return digestFiles(files);
}

/** Returns the oldest version of Go that can build all modules: the newest `go` line of their go.mod files. */
export async function goVersionNeeded(): Promise<string> {
  const found: string[] = [];
  for (const module of await readdir(modulesDir)) {
    const line = /^go (\S+)$/m.exec(await readFile(join(modulesDir, module, "go.mod"), "utf8"));
    if (line?.[1] !== undefined) found.push(line[1]);
  }
  return found.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1) ?? "1.25.0";
}
