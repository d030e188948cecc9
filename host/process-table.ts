import { readdir, readFile, readlink } from "node:fs/promises";
import { poll } from "./poll.ts";

// USER_HZ, which Linux fixes at 100 for user space; see proc_pid_stat(5).
const millisecondsPerTick = 10;

/** A process, distinguished from later processes with the same PID by its start time. */
export interface ProcessIdentity {
  pid: number;
  startTime: string;
}

/** Returns the fields of /proc/<pid>/stat after the command name, which may contain spaces and parentheses. */
async function statFields(pid: number): Promise<string[] | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** Returns the start time of a process in clock ticks since boot; undefined when it has ended. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const fields = await statFields(pid);
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return undefined;
  return fields[19];
}

/** Returns when a process was started, in milliseconds since 1970 with a resolution of 1 s; undefined when it has ended. */
export async function startedAtMs(pid: number): Promise<number | undefined> {
  const ticks = await startTimeOf(pid);
  const bootSeconds = /^btime (\d+)$/m.exec(await readFile("/proc/stat", "utf8"))?.[1];
  if (ticks === undefined || bootSeconds === undefined) return undefined;
  return Number(bootSeconds) * 1000 + Number(ticks) * millisecondsPerTick;
}

/** Whether this process still runs. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await startTimeOf(identity.pid)) === identity.startTime;
}

/** Sends a signal, unless the process has ended. */
export async function sendSignal(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  if (!(await isAlive(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Waits until all processes have ended. @returns those that still run after `timeoutMs`. */
export async function waitUntilGone(
  identities: readonly ProcessIdentity[],
  timeoutMs: number,
): Promise<ProcessIdentity[]> {
  let left = [...identities];
  await poll({ intervalMs: 50, timeoutMs }, async () => {
    const alive = await Promise.all(left.map(isAlive));
    left = left.filter((_, index) => alive[index]);
    return left.length === 0;
  });
  return left;
}

async function allPids(): Promise<number[]> {
  return (await readdir("/proc").catch(() => [])).filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** Returns the processes for whose command line `matches` is true. */
export async function findProcesses(matches: (args: string[]) => boolean): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const pid of await allPids()) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (commandLine === "" || !matches(commandLine.split("\0"))) continue;
    const startTime = await startTimeOf(pid);
    if (startTime !== undefined) found.push({ pid, startTime });
  }
  return found;
}

/** Returns the processes that were started with this variable in their environment; none where there is no /proc. */
export async function findByEnvironment(name: string, value: string): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const pid of await allPids()) {
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (!environment.split("\0").includes(`${name}=${value}`)) continue;
    const startTime = await startTimeOf(pid);
    if (startTime !== undefined) found.push({ pid, startTime });
  }
  return found;
}

/** Returns the direct children of some processes. */
export async function childrenOf(parents: readonly ProcessIdentity[]): Promise<ProcessIdentity[]> {
  const parentPids = new Set(parents.map((parent) => String(parent.pid)));
  const children: ProcessIdentity[] = [];
  for (const pid of await allPids()) {
    const fields = await statFields(pid);
    const startTime = fields?.[19];
    if (fields?.[1] === undefined || startTime === undefined || fields[0] === "Z") continue;
    if (parentPids.has(fields[1])) children.push({ pid, startTime });
  }
  return children;
}

/** Returns the process that has a socket open, as "pid 123 (nginx)". */
export async function socketOwner(inode: string): Promise<string | undefined> {
  for (const pid of await allPids()) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
      if (target !== `socket:[${inode}]`) continue;
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "?");
      return `pid ${pid} (${name.trim()})`;
    }
  }
  return undefined;
}

/** Returns the resident memory of a process in bytes; 0 when it has ended. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Returns the memory of a process in bytes with its part of shared pages (PSS); 0 when it has ended. */
export async function proportionalBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** Returns the CPU seconds, user and system, of all child processes of this process that have ended, with their children. */
export async function endedChildrenCpuSeconds(): Promise<number> {
  const fields = (await statFields(process.pid)) ?? [];
  // Fields 16 and 17 of proc_pid_stat(5).
  return ((Number(fields[13]) + Number(fields[14])) * millisecondsPerTick) / 1000;
}
