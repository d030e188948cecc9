import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { scripts } from "./scripts.ts";
import { goTools } from "./tools.ts";

/** The folder with one Go module per family of tools. */
export const modulesDir = join(import.meta.dirname, "modules");

/** SHA-256 over named contents in the order of their names, as the first 16 hex digits. */
export function digestFiles(files: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const name of [...files.keys()].sort()) {
    const content = files.get(name) ?? "";
    hash.update(`${name}\0${Buffer.byteLength(content)}\0${content}`);
  }
  return hash.digest("hex").slice(0, 16);
}

/** What the tools are made from: every file of `modules/`, the list of tools, their scripts and the processor type. */
export async function toolsLock(): Promise<string> {
  const files = new Map<string, string>();
  for (const entry of await readdir(modulesDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(modulesDir.length + 1), await readFile(path, "utf8"));
  }
  files.set("tools", JSON.stringify({ goTools, scripts, processor: process.arch }));
  return digestFiles(files);
}

/** The newest `go` line of the modules' go.mod files: the oldest Go that can build all of them. */
export async function goVersionNeeded(): Promise<string> {
  const found: string[] = [];
  for (const module of await readdir(modulesDir)) {
    const line = /^go (\S+)$/m.exec(await readFile(join(modulesDir, module, "go.mod"), "utf8"));
    if (line?.[1] !== undefined) found.push(line[1]);
  }
  return found.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1) ?? "1.25.0";
}
