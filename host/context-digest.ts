import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { BuildContext } from "./build-context.ts";
import { sha256 } from "./digest.ts";

/**
 * Returns the SHA-256, in hex, of everything that a build can see: names, kinds, whether files can be executed, contents and link
 * targets, and which file is the Dockerfile. Owners, times and the umask do not count, so two checkouts of a commit have the same
 * digest.
 */
export async function contextDigest(context: BuildContext): Promise<string> {
  const lines = [`${JSON.stringify(context.dockerfileName)}\n`];
  for (const entry of context.entries) {
    const content = entry.kind === "file" ? await fileDigest(entry.path) : (entry.linkTarget ?? "");
    lines.push(`${JSON.stringify([entry.kind, entry.mode, entry.name, content])}\n`);
  }
  return sha256(...lines);
}

async function fileDigest(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest("hex");
}
