import { spawn } from "node:child_process";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { sha256 } from "../../host/digest.ts";
import { poll } from "../../host/poll.ts";
import {
  isAlive,
  type ProcessIdentity,
  sendSignal,
  startTimeOf,
  waitUntilGone,
} from "../../host/process-table.ts";
import { dataPaths } from "../paths.ts";
import { systemGroup } from "./cgroups.ts";
import { type Endpoint, requireFreePorts } from "./ports.ts";

/** A long-running process of the embedded cluster. */
export interface Daemon {
  /** Names its pid file and log file. */
  name: string;
  command: string;
  args: readonly string[];
  /** Files that it reads when it starts. A change of their content restarts it. */
  configFiles?: readonly string[];
  listens?: readonly Endpoint[];
  /** Octal file mode mask; 0077 by default. */
  umask?: string;
  env?: Readonly<Record<string, string>>;
}

/** Content of a pid file. `fingerprint` depends on the command line and the configuration. */
interface PidRecord extends ProcessIdentity {
  bootId: string;
  fingerprint: string;
}

/** PATH of all daemons. */
export const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Most bytes of a daemon's log; see log-keeper.ts. */
export const logLimitBytes = 16 * 1024 * 1024;
const pidFileSuffix = ".pid";

const pidFile = (name: string): string => join(dataPaths.run, `${name}${pidFileSuffix}`);

/** Returns the log file of a daemon. */
export const logFile = (name: string): string => join(dataPaths.logs, `${name}.log`);

const launcher = join(import.meta.dirname, "launch-daemon.sh");

async function readRecord(name: string): Promise<PidRecord | undefined> {
  const text = await readFile(pidFile(name), "utf8").catch(() => "");
  const [pid, startTime, bootId, fingerprint] = text.trim().split(" ");
  if (pid === undefined || startTime === undefined || bootId === undefined || fingerprint === undefined)
    return undefined;
  return { pid: Number(pid), startTime, bootId, fingerprint };
}

async function runsNow(record: PidRecord): Promise<boolean> {
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  return record.bootId === bootId && (await isAlive(record));
}

async function fingerprint(daemon: Daemon): Promise<string> {
  const command = JSON.stringify([daemon.command, daemon.args, daemon.umask, daemon.env]);
  const configs = await Promise.all((daemon.configFiles ?? []).map((path) => readFile(path)));
  return sha256(command, ...configs).slice(0, 32);
}

async function openLog(name: string): Promise<Awaited<ReturnType<typeof open>>> {
  const path = logFile(name);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > logLimitBytes) await rename(path, `${path}.1`);
  return open(path, "a", 0o600);
}

/**
 * Starts a daemon unless it runs with the same command line and configuration. It returns when the process exists; the
 * caller waits until the daemon is ready.
 *
 * @returns whether it was started.
 * @throws {UserError} when one of its ports is in use, or when it cannot be started.
 */
export async function ensureDaemon(daemon: Daemon): Promise<boolean> {
  const wanted = await fingerprint(daemon);
  const before = await readRecord(daemon.name);
  if (before !== undefined && (await runsNow(before))) {
    if (before.fingerprint === wanted) return false;
    await stopDaemon(daemon.name);
  }
  await requireFreePorts(daemon.name, daemon.listens ?? []);
  await mkdir(dataPaths.run, { recursive: true, mode: 0o700 });
  await rm(pidFile(daemon.name), { force: true });
  const log = await openLog(daemon.name);
  try {
    const child = spawn("/bin/sh", [launcher, daemon.command, ...daemon.args], {
      cwd: "/",
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      // A clean environment, without the proxies, kubeconfig and locale of the user's shell.
      env: {
        PATH: systemPath,
        HOME: "/root",
        ...daemon.env,
        UMASK: daemon.umask ?? "0077",
        CPU_GROUP: (await systemGroup()) ?? "/dev/null",
        PID_FILE: pidFile(daemon.name),
        FINGERPRINT: wanted,
      },
    });
    child.unref();
    await pidFileWritten(daemon.name, child.pid);
  } finally {
    await log.close();
  }
  return true;
}

async function pidFileWritten(name: string, pid: number | undefined): Promise<void> {
  const outcome = await poll({ intervalMs: 10, timeoutMs: 3_000 }, async () => {
    if (pid === undefined) return "ended";
    if ((await readRecord(name))?.pid === pid) return "written";
    return (await startTimeOf(pid)) === undefined && "ended";
  });
  if (outcome !== "written") throw new UserError(`${name} could not be started`, `read ${logFile(name)}`);
}

/** State of a daemon: "stopped" was never started or was stopped by a command, "dead" ended by itself. */
export interface DaemonState {
  state: "running" | "dead" | "stopped";
  pid?: number;
}

/** Returns the state of a daemon by its pid file. */
export async function daemonState(name: string): Promise<DaemonState> {
  const record = await readRecord(name);
  if (record === undefined) return { state: "stopped" };
  return { state: (await runsNow(record)) ? "running" : "dead", pid: record.pid };
}

/** Returns when a daemon was started, in milliseconds since 1970; undefined when it does not run. */
export async function daemonStartedMs(name: string): Promise<number | undefined> {
  const { state } = await daemonState(name);
  return state === "running" ? (await stat(pidFile(name))).mtimeMs : undefined;
}

/** Stops a daemon with SIGTERM, after `graceMs` with SIGKILL, and removes its pid file. It need not run. */
export async function stopDaemon(name: string, graceMs = 10_000): Promise<void> {
  const record = await readRecord(name);
  if (record !== undefined && (await runsNow(record))) {
    await sendSignal(record, "SIGTERM");
    for (const remaining of await waitUntilGone([record], graceMs)) await sendSignal(remaining, "SIGKILL");
    await waitUntilGone([record], 5_000);
  }
  await rm(pidFile(name), { force: true });
}

/** Returns the names of all daemons with a pid file, running or dead. */
export async function knownDaemons(): Promise<string[]> {
  const entries = await readdir(dataPaths.run).catch(() => []);
  return entries
    .filter((entry) => entry.endsWith(pidFileSuffix))
    .map((entry) => entry.slice(0, -pidFileSuffix.length));
}

/** Returns the last lines of a daemon's log, from its last 16 KiB. */
export async function logTail(name: string, lines: number): Promise<string> {
  const log = await open(logFile(name)).catch(() => undefined);
  if (log === undefined) return "";
  try {
    const { size } = await log.stat();
    const length = Math.min(size, 16_384);
    const { buffer } = await log.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } finally {
    await log.close();
  }
}
