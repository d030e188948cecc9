import { readFile } from "node:fs/promises";

/**
 * Reads a file that this project writes. A power cut may leave such a file empty, and a disk error anything.
 *
 * @returns undefined when there is no file, "invalid" when its text is no JSON object.
 */
export async function readJsonObject<T extends object>(path: string): Promise<T | "invalid" | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as T) : "invalid";
  } catch {
    return "invalid";
  }
}
