import { rename, rm, writeFile } from "node:fs/promises";

/**
 * Writes a file in place of an older one, wholly or not at all: nobody ever reads a half of it, and a full disk leaves
 * none behind.
 *
 * @throws the error of the file system.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    await writeFile(part, text);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw error;
  }
}
