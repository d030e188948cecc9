import { spawn } from "node:child_process";
import { UserError } from "../contract/user-error.ts";
import { requireNotEnding, trackCommand } from "./running-commands.ts";

const keptLines = 40;
/** Programs that become the program: setpriv(1) of util-linux and nice(1). */
const inBackground = ["setpriv", "--pdeathsig", "TERM", "nice", "-n", "10"] as const;

/** How a command is run. */
export interface CommandOptions {
  cwd?: string;
  /** The environment of this process by default. */
  env?: NodeJS.ProcessEnv;
  /** Written to standard input, which is empty by default. */
  input?: string;
  /** Receives each line of both outputs as it is written. */
  onLine?: (line: string) => void;
  /** What the user can do when the command fails. */
  fix?: string;
  /** Milliseconds after which the command gets a signal; without it there is no limit. */
  timeoutMs?: number;
  /** The signal at the time limit, by default SIGTERM, which a program may ignore. */
  timeoutSignal?: NodeJS.Signals;
  /**
   * For a long computation with child processes, on Linux: other programs of the machine come first. It leads a process
   * group, all of which gets SIGTERM at an interrupt, and it gets SIGTERM when this process is killed.
   */
  isBackground?: boolean;
}

/** How a command ended. */
export interface CommandResult {
  /** 1 when a signal ended it. */
  exitCode: number;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program without a shell to its end. Any exit code is accepted.
 *
 * @throws {UserError} when it cannot be started, also because this process ends (running-commands.ts).
 */
export async function tryCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  requireNotEnding(command);
  const isBackground = options.isBackground === true && process.platform === "linux";
  const [program, ...first] = isBackground ? [...inBackground, command] : [command];
  const child = spawn(program, [...first, ...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: options.timeoutMs,
    killSignal: options.timeoutSignal,
    detached: isBackground,
  });
  trackCommand(command, child, isBackground);
  const outputs = { stdout: "", stderr: "" };
  const readLines = (name: keyof typeof outputs): void => {
    let rest = "";
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      outputs[name] += chunk;
      const lines = (rest + chunk).split(/[\r\n]+/);
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") options.onLine?.(line);
    });
    child[name].on("end", () => {
      if (rest !== "") options.onLine?.(rest);
    });
  };
  readLines("stdout");
  readLines("stderr");
  // The command may end before it has read everything.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);

  return new Promise((resolve, reject) => {
    child.once("error", (error) =>
      reject(
        new UserError(
          `${command} could not be started: ${error.message}`,
          options.fix ?? `install the package that contains ${command}`,
        ),
      ),
    );
    child.once("close", (code, signal) => resolve({ exitCode: code ?? 1, signal, ...outputs }));
  });
}

/**
 * Runs a program without a shell and returns its standard output.
 *
 * @throws {UserError} when it cannot be started, is not done in time or exits with anything but 0. The message ends
 * with the last lines that it wrote.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const last: string[] = [];
  const { exitCode, signal, stdout } = await tryCommand(command, args, {
    ...options,
    onLine(line) {
      last.push(line);
      if (last.length > keptLines) last.shift();
      options.onLine?.(line);
    },
  });
  if (exitCode === 0) return stdout;
  const ended = signal === null ? `exited with ${exitCode}` : `was ended by ${signal}`;
  throw new UserError(
    [`${command} ${args.slice(0, 3).join(" ")} ${ended}`, ...last.map((line) => `  ${line}`)].join("\n"),
    options.fix ?? `run it by hand to see why: ${command} ${args.join(" ")}`,
  );
}
