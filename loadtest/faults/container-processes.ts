import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Processes of one container on this machine, its main process first; empty when the container runs elsewhere, or when
 * this system has no `/proc`. The sandbox process of the pod belongs to another cgroup and is not included.
 *
 * @param containerId without the runtime's scheme
 * @throws {Error} when this process is among them: other processes share the cgroup then, and none may be signalled.
 */
export async function containerProcesses(containerId: string, procFolder: string): Promise<number[]> {
  const entries = await readdir(procFolder).catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => /^\d+$/.test(entry))
      .map(async (entry) => {
        const read = (file: string) => readFile(join(procFolder, entry, file), "utf8").catch(() => "");
        if (!isInGroupOf(containerId, await read("cgroup"))) return [];
        return [{ pid: Number(entry), innerPid: innermostPid(await read("status")) }];
      }),
  );
  const pids = found.flat().map(({ pid }) => pid);
  const own = pids.find((pid) => pid === 1 || pid === process.pid || pid === process.ppid);
  if (own !== undefined) throw new Error(`process ${own} is not one of container ${containerId}`);
  // The main process has PID 1 in the container's own namespace, and the lowest PID in a namespace that the pod shares.
  return found
    .flat()
    .sort((a, b) => a.innerPid - b.innerPid)
    .map(({ pid }) => pid);
}

/** The cgroup's name is the ID (cgroupfs) or has the form `cri-containerd-ID.scope` (systemd). */
function isInGroupOf(containerId: string, cgroupFile: string): boolean {
  const prefixes = ["", "cri-containerd-", "crio-", "docker-", "libpod-"];
  const names = new Set(
    prefixes.flatMap((prefix) => ["", ".scope"].map((end) => prefix + containerId + end)),
  );
  return containerId !== "" && cgroupFile.split(/[\n/:]/).some((part) => names.has(part));
}

function innermostPid(statusFile: string): number {
  const pids = /^NSpid:\s+(.+)$/m.exec(statusFile)?.[1]?.trim().split(/\s+/) ?? [];
  return Number(pids.at(-1) ?? Number.POSITIVE_INFINITY);
}

/**
 * Sends a signal to a process. From outside a pid namespace, SIGKILL and SIGSTOP reach its first process as well.
 *
 * @returns `forbidden`: this user may not signal it; `gone`: it had ended
 */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): "sent" | "forbidden" | "gone" {
  try {
    process.kill(pid, signal);
    return "sent";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EPERM") return "forbidden";
    if (code === "ESRCH") return "gone";
    throw error;
  }
}
