import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { poll } from "../../host/poll.ts";
import {
  isAlive,
  type ProcessIdentity,
  sendSignal,
  startTimeOf,
  waitUntilGone,
} from "../../host/process-table.ts";
import { dataPaths } from "../paths.ts";
import { type Endpoint, requireFreePorts } from "./ports.ts";

/** A long-running program that the cluster needs. */
export interface Daemon {
  /** Names its pid file and log file. */
  name: string;
  command: string;
  args: readonly string[];
  /** Files that it reads only when it starts: when one changes, it is started again. */
  configFiles?: readonly string[];
  listens?: readonly Endpoint[];
  /** Octal file mode mask; 0077 unless told. */
  umask?: string;
  env?: Readonly<Record<string, string>>;
}

/** What a pid file says. `fingerprint` changes with the command line and the configuration. */
interface PidRecord extends ProcessIdentity {
  bootId: string;
  fingerprint: string;
}

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const logLimitBytes = 32 * 1024 * 1024;
const pidFileSuffix = ".pid";

const pidFile = (name: string): string => join(dataPaths.run, `${name}${pidFileSuffix}`);

/** The log file of a service. */
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

async function fingerprint(service: Daemon): Promise<string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([service.command, service.args, service.umask, service.env]));
  for (const path of service.configFiles ?? []) hash.update(await readFile(path));
  return hash.digest("hex").slice(0, 32);
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
 * Starts a service unless it runs already with the same command line and configuration. Returns as soon as the
 * process exists; whether it is ready is the caller's to find out.
 *
 * @returns true when it was started (again).
 * @throws {UserError} when a port that it needs is taken.
 */
export async function ensureDaemon(service: Daemon): Promise<boolean> {
  const wanted = await fingerprint(service);
  const before = await readRecord(service.name);
  if (before !== undefined && (await runsNow(before))) {
    if (before.fingerprint === wanted) return false;
    await stopDaemon(service.name);
  }
  await requireFreePorts(service.name, service.listens ?? []);
  await mkdir(dataPaths.run, { recursive: true, mode: 0o700 });
  await rm(pidFile(service.name), { force: true });
  const log = await openLog(service.name);
  try {
    const child = spawn("/bin/sh", [launcher, service.command, ...service.args], {
      cwd: "/",
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      // A clean environment: no proxy, kubeconfig or locale of whoever ran the command.
      env: {
        PATH: systemPath,
        HOME: "/root",
        ...service.env,
        UMASK: service.umask ?? "0077",
        PID_FILE: pidFile(service.name),
        FINGERPRINT: wanted,
      },
    });
    child.unref();
    await pidFileWritten(service.name, child.pid);
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

/** How a service is doing: "stopped" was never started or was stopped on purpose, "dead" ended by itself. */
export interface DaemonState {
  state: "running" | "dead" | "stopped";
  pid?: number;
}

/** Looks after one service by its pid file. */
export async function daemonState(name: string): Promise<DaemonState> {
  const record = await readRecord(name);
  if (record === undefined) return { state: "stopped" };
  return { state: (await runsNow(record)) ? "running" : "dead", pid: record.pid };
}

/** When a running service was started, in milliseconds since 1970; undefined when it does not run. */
export async function daemonStartedMs(name: string): Promise<number | undefined> {
  const { state } = await daemonState(name);
  return state === "running" ? (await stat(pidFile(name))).mtimeMs : undefined;
}

/**
 * Stops a service: SIGTERM, after `graceMs` SIGKILL, then the pid file goes. A service that does not run is fine.
 */
export async function stopDaemon(name: string, graceMs = 10_000): Promise<void> {
  const record = await readRecord(name);
  if (record !== undefined && (await runsNow(record))) {
    await sendSignal(record, "SIGTERM");
    for (const stubborn of await waitUntilGone([record], graceMs)) await sendSignal(stubborn, "SIGKILL");
    await waitUntilGone([record], 5_000);
  }
  await rm(pidFile(name), { force: true });
}

/** Names of all services that have a pid file, running or dead. */
export async function knownDaemons(): Promise<string[]> {
  const entries = await readdir(dataPaths.run).catch(() => []);
  return entries
    .filter((entry) => entry.endsWith(pidFileSuffix))
    .map((entry) => entry.slice(0, -pidFileSuffix.length));
}

/** The last lines of a service's log. */
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
