import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The unit of `/proc`: USER_HZ is 100 on every Linux that Node.js runs on, independent of the kernel's HZ. */
const ticksPerSecond = 100;
/** Index of utime among the fields after the name in parentheses; stime follows it (fields 14 and 15 in proc_pid_stat(5)). */
const userTicksField = 11;

/**
 * CPU seconds, user and kernel, that all processes of a control group have used since the group was created.
 *
 * @param folder the group's folder in the cgroup file system; with v1, the folder of the cpuacct controller
 * @throws {Error} when the folder has neither `cpu.stat` with usage_usec (v2) nor `cpuacct.usage` (v1)
 */
export async function cgroupCpuSeconds(folder: string): Promise<number> {
  const [v2, v1] = await Promise.all(
    ["cpu.stat", "cpuacct.usage"].map((file) => readFile(join(folder, file), "utf8").catch(() => "")),
  );
  // The cpu controller of v1 has a cpu.stat too, but only about throttling.
  const microseconds = /^usage_usec (\d+)$/m.exec(v2 ?? "")?.[1];
  if (microseconds !== undefined) return Number(microseconds) / 1e6;
  const nanoseconds = /^\d+/.exec(v1 ?? "")?.[0];
  if (nanoseconds !== undefined) return Number(nanoseconds) / 1e9;
  throw new Error(`${folder} has no CPU time: neither usage_usec in cpu.stat nor cpuacct.usage`);
}

/**
 * CPU seconds, user and kernel, that the threads of a process have used since its start, in steps of 0.01 s. Child
 * processes are not included.
 *
 * @throws {Error} when there is no such process
 */
export async function processCpuSeconds(pid: number): Promise<number> {
  const path = `/proc/${pid}/stat`;
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new Error(`process ${pid} has no CPU time: ${error.message}`, { cause: error });
  });
  return statCpuSeconds(text);
}

/**
 * CPU seconds that the whole machine has spent on anything but idling and waiting for disks since its start, in steps of
 * 0.01 s: user, nice, system, irq and softirq of `/proc/stat` (proc_stat(5)). Time that the host took away is not included.
 *
 * @throws {Error} when the machine has no `/proc/stat`
 */
export async function machineCpuSeconds(): Promise<number> {
  return busySeconds(await readFile("/proc/stat", "utf8"));
}

/** The busy seconds in the text of `/proc/stat`. @throws {Error} when the text is something else */
export function busySeconds(text: string): number {
  const [user, nice, system, , , irq, softirq] = (/^cpu +(.*)$/m.exec(text)?.[1] ?? "")
    .split(" ")
    .map(Number);
  const ticks = [user, nice, system, irq, softirq].reduce<number>(
    (sum, each) => sum + (each ?? Number.NaN),
    0,
  );
  if (!Number.isFinite(ticks)) throw new Error(`not the text of /proc/stat: ${text.slice(0, 80)}`);
  return ticks / ticksPerSecond;
}

/** The CPU seconds in the text of a `/proc/<pid>/stat`. @throws {Error} when the text is something else */
export function statCpuSeconds(text: string): number {
  // The name may contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[userTicksField]) + Number(fields[userTicksField + 1]);
  if (!Number.isFinite(ticks)) throw new Error(`not a line of /proc/<pid>/stat: ${text.slice(0, 80)}`);
  return ticks / ticksPerSecond;
}
