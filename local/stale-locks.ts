import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { findByEnvironment, startedAtMs } from "../host/process-table.ts";
import { readJsonObject } from "../host/read-json.ts";

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
 * the user runs `pulumi cancel`. A lock is kept while its process runs. The backend belongs to this machine alone, which may
 * have had another name, and containers of this machine have other names too: such a lock is kept while a process that is older
 * than the lock uses the backend. A lock that is no JSON object was cut off by a power cut, because pulumi writes locks at once.
 *
 * @param state the backend's folder.
 * @returns the removed files.
 */
export async function removeStaleLocks(state: string): Promise<string[]> {
  const removed: string[] = [];
  const folder = join(state, ".pulumi/locks");
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const file = join(folder, entry);
    if (!file.endsWith(".json") || (await isHeld(file, state))) continue;
    await rm(file, { force: true });
    await rm(`${file}.attrs`, { force: true });
    removed.push(file);
  }
  return removed;
}

async function isHeld(file: string, state: string): Promise<boolean> {
  const lock = await readJsonObject<StackLock>(file);
  if (lock === undefined) return true;
  if (lock === "invalid") return false;
  const lockedMs = Date.parse(lock.timestamp);
  if (lock.hostname === hostname()) return runsSince(lock.pid, lockedMs);
  for (const { pid } of await findByEnvironment("PULUMI_BACKEND_URL", `file://${state}`))
    if (await runsSince(pid, lockedMs)) return true;
  return false;
}

async function runsSince(pid: number, lockedMs: number): Promise<boolean> {
  const startedMs = await startedAtMs(pid);
  return startedMs !== undefined && startedMs <= lockedMs + toleranceMs;
}
