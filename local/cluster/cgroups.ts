import { mkdir, readdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ProcessIdentity, startTimeOf } from "../../host/process-table.ts";

const cgroupMount = "/sys/fs/cgroup";

/** The control group of this cluster's containers, below the root of every hierarchy. */
export const cgroupRoot = "/breakwater";

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Returns the mount points of the hierarchies: one for cgroup v2, one for each controller of v1, or both. */
async function hierarchies(): Promise<string[]> {
  const mounts = await readFile("/proc/self/mounts", "utf8");
  return mounts.split("\n").flatMap((line) => {
    const [, point, type] = line.split(" ");
    return point?.startsWith(cgroupMount) && (type === "cgroup" || type === "cgroup2") ? [point] : [];
  });
}

/** Creates the group in every hierarchy. The kubelet does not start without it. */
export async function ensureCgroups(): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const controllers = await readFile(join(hierarchy, "cgroup.controllers"), "utf8").catch(() => "");
    const enable = controllers.split(/\s+/).filter((name) => name !== "");
    // In version 2, a group has only the controllers that its parent enables for it.
    for (const name of enable)
      await writeFile(join(hierarchy, "cgroup.subtree_control"), `+${name}`).catch(() => {});
    await mkdir(join(hierarchy, cgroupRoot), { recursive: true });
  }
}

/** Returns the group and all groups below it, deepest first. */
async function groupsBelow(group: string): Promise<string[]> {
  const entries = await readdir(group, { withFileTypes: true }).catch(() => []);
  const children = entries.filter((entry) => entry.isDirectory());
  const below = await Promise.all(children.map((child) => groupsBelow(join(group, child.name))));
  return [...below.flat(), group];
}

/** Returns the processes of all containers of this cluster. */
export async function containerProcesses(): Promise<ProcessIdentity[]> {
  const pids = new Set<number>();
  for (const hierarchy of await hierarchies())
    for (const group of await groupsBelow(join(hierarchy, cgroupRoot))) {
      const listed = await readFile(join(group, "cgroup.procs"), "utf8").catch(() => "");
      for (const line of listed.split("\n")) if (line !== "") pids.add(Number(line));
    }
  const found = await Promise.all([...pids].map(async (pid) => ({ pid, startTime: await startTimeOf(pid) })));
  return found.flatMap(({ pid, startTime }) => (startTime === undefined ? [] : [{ pid, startTime }]));
}

/** Removes the group from every hierarchy. No process may run in it. */
export async function removeCgroups(): Promise<void> {
  for (const hierarchy of await hierarchies())
    for (const group of await groupsBelow(join(hierarchy, cgroupRoot)))
      if (await exists(group)) await rmdir(group);
}
