import { UserError } from "../contract/user-error.ts";

type ChildProcess = import("node:child_process").ChildProcess;

/** A program that this process waits for. */
interface Running {
  command: string;
  child: ChildProcess;
  /** Whether it leads a process group, which gets its signals. */
  leadsGroup: boolean;
}

const running = new Set<Running>();
let isEnding = false;

/** @throws {UserError} when this process has begun to end, see `endCommands`. */
export function requireNotEnding(command: string): void {
  if (isEnding) throw new UserError(`${command} was not started, because this command ends`, "run it again");
}

/** Keeps a program in the list of `endCommands` until it and its outputs are closed. */
export function trackCommand(command: string, child: ChildProcess, leadsGroup: boolean): void {
  const entry = { command, child, leadsGroup };
  running.add(entry);
  const forget = (): unknown => running.delete(entry);
  child.once("close", forget);
  child.once("error", forget);
}

/** The names of the programs that run. */
export const runningCommands = (): string[] => [...new Set([...running].map(({ command }) => command))];

/**
 * Ends the programs that this process runs, for its own end: they get SIGINT, process groups SIGTERM, and all SIGKILL after
 * `graceMs`. From then on this process starts no program.
 *
 * @param graceMs milliseconds from 0; apt and dpkg need time to finish the package that they install.
 */
export async function endCommands(graceMs = 60_000): Promise<void> {
  isEnding = true;
  const closed = [...running].map(
    ({ child }) =>
      new Promise<void>((resolve) => child.once("close", () => resolve()).once("error", () => resolve())),
  );
  // apt-get finishes its packages at SIGINT. Compilers ignore SIGINT in a process group in the background.
  signalCommands("SIGINT", "SIGTERM");
  const killer = setTimeout(() => signalCommands("SIGKILL"), graceMs);
  await Promise.all(closed);
  clearTimeout(killer);
}

/** Sends a signal to all programs that run. @param toGroups what process groups get instead. */
export function signalCommands(signal: NodeJS.Signals, toGroups = signal): void {
  for (const { child, leadsGroup } of running) {
    if (child.pid === undefined) continue;
    // The children of a leader that has ended still hold its outputs.
    if (!leadsGroup && (child.exitCode !== null || child.signalCode !== null)) continue;
    try {
      if (leadsGroup) process.kill(-child.pid, toGroups);
      else process.kill(child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
