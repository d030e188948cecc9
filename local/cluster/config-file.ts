import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { writeWhole } from "../../host/write-whole.ts";

/** Writes a configuration file for root alone if its content has changed. @returns its path. */
export async function writeConfigFile(path: string, content: string): Promise<string> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === content) return path;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeWhole(path, content, 0o600);
  return path;
}
