import { mkdir, readdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ProcessIdentity, startTimeOf } from "../../host/process-table.ts";

const cgroupMount = "/sys/fs/cgroup";

/** The control group of this cluster's containers, below the root of every hierarchy. */
export const cgroupRoot = "/breakwater";
/** The control group of this cluster's own processes and of what they start outside of containers. It divides CPU time only. */
const systemRoot = "/breakwater-system";

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

/** Creates the group of the containers in every hierarchy. The kubelet does not start without it. */
export async function ensureCgroups(): Promise<void> {
  for (const hierarchy of await hierarchies()) await createGroup(hierarchy, cgroupRoot);
}

/**
 * Creates the group of the cluster's own processes. On a busy machine, all of them together get as much CPU time as all pods
 * together, and as each process of a user, such as the load generator. Without the group each of them would count as much as
 * all pods do, and the pods that serve requests would get next to nothing while others start.
 *
 * @returns the file that a process is added by, or undefined on a machine where CPU time cannot be divided.
 */
export async function systemGroup(): Promise<string | undefined> {
  for (const hierarchy of await hierarchies()) {
    const group = await createGroup(hierarchy, systemRoot);
    const dividesCpu = await Promise.all(
      ["cpu.shares", "cpu.weight"].map((file) => exists(join(group, file))),
    );
    if (dividesCpu.includes(true)) return join(group, "cgroup.procs");
  }
  return undefined;
}

/** @returns the group's folder */
async function createGroup(hierarchy: string, name: string): Promise<string> {
  const controllers = await readFile(join(hierarchy, "cgroup.controllers"), "utf8").catch(() => "");
  const enable = controllers.split(/\s+/).filter((name) => name !== "");
  // In version 2, a group has only the controllers that its parent enables for it.
  for (const name of enable)
    await writeFile(join(hierarchy, "cgroup.subtree_control"), `+${name}`).catch(() => {});
  const group = join(hierarchy, name);
  await mkdir(group, { recursive: true });
  return group;
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

/** Removes the groups from every hierarchy. No container and no daemon may run. */
export async function removeCgroups(): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    for (const group of await groupsBelow(join(hierarchy, cgroupRoot)))
      if (await exists(group)) await rmdir(group);
    // A process that a daemon left behind keeps the group, without effect on the next start.
    await rmdir(join(hierarchy, systemRoot)).catch(() => {});
  }
}
