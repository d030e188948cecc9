import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** What a control group's file has for "no limit" in v1: 2^63 rounded down to a page. */
const unlimitedBytes = 2 ** 62;

/**
 * Cores that this process may use: its control group's CPU quota (v2 cpu.max, v1 cpu.cfs_quota_us), or the machine's
 * cores where there is none. May be a fraction.
 *
 * @param root where the control groups' file systems are mounted
 * @param groups text of /proc/self/cgroup
 */
export function cpuQuota(root = "/sys/fs/cgroup", groups = readIf("/proc/self/cgroup")): number {
  const [quota, period] = [
    ...eachUpwards(root, groups, "", "cpu.max", (text) => text.split(" ").map(Number)),
    ...eachUpwards(root, groups, "cpu", "cpu.cfs_quota_us", (text, folder) => [
      Number(text),
      Number(readIf(path.join(folder, "cpu.cfs_period_us"))),
    ]),
  ]
    .filter(([most, of]) => (most ?? 0) > 0 && (of ?? 0) > 0)
    .sort(([a = 0, b = 1], [c = 0, d = 1]) => a / b - c / d)[0] ?? [0, 1];
  const cores = os.cpus().length || 1;
  return quota && period ? Math.min(quota / period, cores) : cores;
}

/**
 * Bytes of memory that this process and its like may use together: the control group's limit (v2 memory.max, v1
 * memory.limit_in_bytes), or all of the machine's where there is none.
 */
export function memoryLimit(root = "/sys/fs/cgroup", groups = readIf("/proc/self/cgroup")): number {
  return Math.min(os.totalmem(), ...memoryLimits(root, groups).map(({ bytes }) => bytes));
}

/**
 * Bytes of the control group with the tightest limit that are in use, but for what the kernel can take back from its
 * file cache at once; undefined where nothing limits memory.
 */
export function memoryInUse(
  root = "/sys/fs/cgroup",
  groups = readIf("/proc/self/cgroup"),
): number | undefined {
  const [tightest] = memoryLimits(root, groups).sort((a, b) => a.bytes - b.bytes);
  if (tightest === undefined) return undefined;
  const read = (file: string) => readIf(path.join(tightest.folder, file));
  const used = Number(read("memory.current") || read("memory.usage_in_bytes"));
  const stat = read("memory.stat");
  // In v1 the group's own figure is without those below it.
  const files = /^total_inactive_file (\d+)$/m.exec(stat) ?? /^inactive_file (\d+)$/m.exec(stat);
  return used > 0 ? Math.max(0, used - Number(files?.[1] ?? 0)) : undefined;
}

function memoryLimits(root: string, groups: string): { bytes: number; folder: string }[] {
  const limit = (text: string, folder: string) => ({ bytes: Number(text), folder });
  return [
    ...eachUpwards(root, groups, "", "memory.max", limit),
    ...eachUpwards(root, groups, "memory", "memory.limit_in_bytes", limit),
  ].filter(({ bytes }) => bytes > 0 && bytes < unlimitedBytes);
}

/** Reads a file of this process' group and of those above it: the tightest limit counts. */
function eachUpwards<T>(
  root: string,
  groups: string,
  controller: string,
  file: string,
  read: (text: string, folder: string) => T,
): T[] {
  const line = groups
    .split("\n")
    .map((each) => each.split(":"))
    .find(([, names = ""]) => (controller === "" ? names === "" : names.split(",").includes(controller)));
  const base = path.join(root, controller);
  const found: T[] = [];
  // Inside a container the own group is the root of what is mounted, whatever path the host calls it by.
  for (let at = path.join(base, line?.[2] ?? "/"); ; at = path.dirname(at)) {
    const text = readIf(path.join(at, file)).trim();
    if (text !== "") found.push(read(text, at));
    if (at === base || !at.startsWith(base)) return found;
  }
}

function readIf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
