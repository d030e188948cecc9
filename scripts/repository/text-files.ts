import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { glob } from "zx";

/** A file of the repository that is written by hand. */
export interface TextFile {
  /** Path relative to the repository's root, with `/`. */
  path: string;
  text: string;
}

/** The repository's root folder. */
export const root = join(import.meta.dirname, "../..");
const extensions = ["ts", "mjs", "js", "css", "sh", "sql", "md", "json", "yaml", "yml", "html"];
/** Files that tools write from checked sources. */
const generated = ["package-lock.json", "**/*.schema.json", "docs/openapi.json"];

/** Code and docs that git does not ignore, in the order of their paths. Generated files are left out. */
export async function textFiles(): Promise<TextFile[]> {
  const paths = await glob(`**/*.{${extensions.join(",")}}`, {
    cwd: root,
    dot: true,
    gitignore: true,
    ignore: ["**/node_modules/**", ".git/**", ".build/**", ...generated],
  });
  return Promise.all(
    paths.sort().map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })),
  );
}

/** The top-level folder that holds a file; `.` for files at the root. */
export function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : ".";
}
