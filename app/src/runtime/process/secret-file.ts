import { readFileSync } from "node:fs";

/**
 * Reads a secret that may change while the process runs, such as a file of a mounted Kubernetes Secret.
 *
 * @returns the text without line breaks around it; undefined when the file is missing, empty or cannot be read
 */
export function readSecretFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
