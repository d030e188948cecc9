import { spawn } from "node:child_process";
import { UserError } from "../contract/user-error.ts";
import { type InterruptHandler, onInterrupt } from "./interrupts.ts";

/** How long a program that was interrupted twice may take to end before it gets SIGKILL. */
const forcedAfterMs = 10_000;

/** How a program in the foreground is run. */
export interface ForegroundOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** `inherit` by default; `stderr`: no input, and its output goes to standard error. */
  stdio?: "inherit" | "stderr";
  /** Called after the program has got SIGINT. */
  onInterrupt?: InterruptHandler;
  /** Called with its process ID once it has been started. */
  onStart?: (pid: number) => Promise<void>;
}

/** How a program in the foreground ended. */
export interface Outcome {
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Whether this process was interrupted while the program ran. */
  wasInterrupted: boolean;
}

/**
 * Runs a program to its end, with the terminal of this process. It is in a session of its own, so that it gets exactly one
 * SIGINT for one Ctrl-C and this process waits for its orderly end. After a second Ctrl-C it has 10 seconds left.
 *
 * @throws {UserError} when it cannot be started.
 */
export async function runForeground(
  command: string,
  args: readonly string[],
  options: ForegroundOptions,
): Promise<Outcome> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: options.stdio === "stderr" ? ["ignore", 2, 2] : "inherit",
    detached: process.platform !== "win32",
  });
  let wasInterrupted = false;
  let killer: NodeJS.Timeout | undefined;
  const release = onInterrupt((isRepeated) => {
    wasInterrupted = true;
    child.kill("SIGINT");
    if (isRepeated) killer ??= setTimeout(() => child.kill("SIGKILL"), forcedAfterMs);
    options.onInterrupt?.(isRepeated);
  });
  try {
    const ended = new Promise<Omit<Outcome, "wasInterrupted">>((resolve, reject) => {
      child.once("error", (error) =>
        reject(
          new UserError(
            `${command} could not be started: ${error.message}`,
            `install the package that contains ${command}`,
          ),
        ),
      );
      child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
    });
    if (child.pid !== undefined) await options.onStart?.(child.pid);
    return { ...(await ended), wasInterrupted };
  } finally {
    clearTimeout(killer);
    release();
  }
}

/** Sentence on how a program ended, such as `pulumi up was ended by SIGKILL`. */
export function endOf(command: string, { exitCode, signal }: Pick<Outcome, "exitCode" | "signal">): string {
  return signal === null
    ? `${command} failed with exit code ${exitCode}`
    : `${command} was ended by ${signal}`;
}
