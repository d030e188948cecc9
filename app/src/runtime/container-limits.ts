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
  const limits = [
    ...eachUpwards(root, groups, "", "memory.max", Number),
    ...eachUpwards(root, groups, "memory", "memory.limit_in_bytes", Number),
  ].filter((limit) => limit > 0 && limit < unlimitedBytes);
  return Math.min(os.totalmem(), ...limits);
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
