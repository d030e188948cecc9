import { readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { startedAtMs } from "../host/process-table.ts";

/** What Pulumi's file backend writes into a stack's lock, as far as it matters here. */
interface StackLock {
  pid: number;
  hostname: string;
  timestamp: string;
}

// Times of a process come in clock ticks, those of the machine's start in whole seconds.
const toleranceMs = 2_000;

/**
 * Removes the locks that a killed Pulumi left in a file backend, which would refuse every later command until
 * somebody runs `pulumi cancel`. A lock is kept as long as its process runs, and when another machine made it.
 *
 * @param state the backend's folder.
 * @returns the files that were removed.
 */
export async function removeStaleLocks(state: string): Promise<string[]> {
  const removed: string[] = [];
  const folder = join(state, ".pulumi/locks");
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const file = join(folder, entry);
    if (!file.endsWith(".json") || (await isHeld(file))) continue;
    await rm(file, { force: true });
    await rm(`${file}.attrs`, { force: true });
    removed.push(file);
  }
  return removed;
}

async function isHeld(file: string): Promise<boolean> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return true;
  const { pid, hostname: host, timestamp } = JSON.parse(text) as StackLock;
  if (host !== hostname()) return true;
  const startedMs = await startedAtMs(pid);
  return startedMs !== undefined && startedMs <= Date.parse(timestamp) + toleranceMs;
}
