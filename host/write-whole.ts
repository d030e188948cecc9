import { rename, rm, writeFile } from "node:fs/promises";

/**
 * Writes a file in place of an older one, completely or not at all: no reader sees half of it, and a full disk leaves
 * no part of it behind.
 *
 * @param mode permissions of the file, minus the process's mask; 0666 by default.
 * @throws {Error} of the file system.
 */
export async function writeWhole(path: string, text: string, mode?: number): Promise<void> {
  await replaceByRename(path, (part) => writeFile(part, text, { mode }));
}

/**
 * Makes a file or link under a name of this process and then renames it, so that it appears under its own name at once.
 *
 * @param make receives the path to write to.
 * @throws {Error} of `make` or of the file system; nothing is left behind.
 */
export async function replaceByRename(path: string, make: (part: string) => Promise<void>): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    await rm(part, { force: true });
    await make(part);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}
