import { readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { startedAtMs } from "../host/process-table.ts";

/** The fields that this module needs of a stack's lock in Pulumi's file backend. */
interface StackLock {
  pid: number;
  hostname: string;
  timestamp: string;
}

// The start time of a process is computed from the machine's start time, which has a resolution of one second.
const toleranceMs = 2_000;

/**
 * Removes the locks that killed pulumi processes left in a file backend. Such a lock blocks every later command until
 * the user runs `pulumi cancel`. A lock is kept while its process runs, and when another machine created it.
 *
 * @param state the backend's folder.
 * @returns the removed files.
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
