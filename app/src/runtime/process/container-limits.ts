import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";

/** Values from here on mean "no limit" in cgroup v1, which writes 2^63 rounded down to a page. */
const unlimitedBytes = 2 ** 62;

/**
 * Cores that this process may use: the CPU quota of its control group (v2 cpu.max, v1 cpu.cfs_quota_us), or all cores of
 * the machine if there is no quota. May be a fraction.
 *
 * @param root mount point of the control groups' file systems
 * @param groups text of /proc/self/cgroup
 */
export function cpuQuota(root = "/sys/fs/cgroup", groups = readIf("/proc/self/cgroup")): number {
  const [quota, period] = [
    ...eachUpwards(root, groups, "", "cpu.max", (text) => text.split(" ").map(Number)),
    ...eachUpwards(root, groups, "cpu", "cpu.cfs_quota_us", (text, folder) => [
      Number(text),
      Number(readIf(join(folder, "cpu.cfs_period_us"))),
    ]),
  ]
    .filter(([microseconds, length]) => (microseconds ?? 0) > 0 && (length ?? 0) > 0)
    .sort(([a = 0, b = 1], [c = 0, d = 1]) => a / b - c / d)[0] ?? [0, 1];
  const cores = cpus().length || 1;
  return quota && period ? Math.min(quota / period, cores) : cores;
}

/**
 * Memory limit in bytes of the container: its control group's limit (v2 memory.max, v1 memory.limit_in_bytes), or all
 * memory of the machine if there is no limit.
 */
export function memoryLimit(root = "/sys/fs/cgroup", groups = readIf("/proc/self/cgroup")): number {
  return Math.min(totalmem(), ...memoryLimits(root, groups).map(({ bytes }) => bytes));
}

/**
 * Memory in use, in bytes, of the control group with the tightest limit, without inactive file cache, which the kernel can
 * reclaim at once. Undefined if memory is not limited.
 */
export function memoryInUse(
  root = "/sys/fs/cgroup",
  groups = readIf("/proc/self/cgroup"),
): number | undefined {
  const [tightest] = memoryLimits(root, groups).sort((a, b) => a.bytes - b.bytes);
  if (tightest === undefined) return undefined;
  const read = (file: string) => readIf(join(tightest.folder, file));
  const used = Number(read("memory.current") || read("memory.usage_in_bytes"));
  const stat = read("memory.stat");
  // In v1 the group's own value excludes its child groups.
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

/** Reads a file of this process's control group and of all its parents: the tightest limit applies. */
function eachUpwards<T>(
  root: string,
  groups: string,
  controller: string,
  file: string,
  read: (text: string, folder: string) => T,
): T[] {
  const line = groups
    .split("\n")
    .map((group) => group.split(":"))
    .find(([, names = ""]) => (controller === "" ? names === "" : names.split(",").includes(controller)));
  const base = join(root, controller);
  const found: T[] = [];
  // Inside a container, the own group is mounted as the root, and its path on the host is not visible.
  for (let folder = join(base, line?.[2] ?? "/"); ; folder = dirname(folder)) {
    const text = readIf(join(folder, file)).trim();
    if (text !== "") found.push(read(text, folder));
    if (folder === base || !folder.startsWith(base)) return found;
  }
}

function readIf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
