import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a configuration file, at once and only when its content changes. @returns its path. */
export async function writeConfigFile(path: string, content: string): Promise<string> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === content) return path;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return path;
}
