import { spawn } from "node:child_process";
import { UserError } from "../contract/user-error.ts";

const keptLines = 40;

/** How a command is run. `onLine` gets each line of both outputs as it comes. */
export type CommandOptions = {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
  /** What the user can do when the command fails. */
  fix?: string;
  timeoutMs?: number;
};

/**
 * Runs a program without a shell and returns its standard output.
 *
 * @throws {UserError} when it cannot be started, is not done in time or exits with anything but 0; the message
 * ends with the last lines that it wrote.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.timeoutMs,
  });
  const last: string[] = [];
  let output = "";
  const readLines = (chunkOf: NodeJS.ReadableStream, keepOutput: boolean): void => {
    let rest = "";
    const take = (line: string): void => {
      last.push(line);
      if (last.length > keptLines) last.shift();
      options.onLine?.(line);
    };
    chunkOf.setEncoding("utf8");
    chunkOf.on("data", (chunk: string) => {
      if (keepOutput) output += chunk;
      const lines = (rest + chunk).split(/[\r\n]+/);
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") take(line);
    });
    chunkOf.on("end", () => {
      if (rest !== "") take(rest);
    });
  };
  readLines(child.stdout, true);
  readLines(child.stderr, false);

  const ended = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(`could not be started: ${error.message}`));
    child.on("close", (code, signal) => {
      if (code === 0) resolve("");
      else resolve(signal === null ? `exited with ${code}` : `was ended by ${signal}`);
    });
  });
  if (ended !== "") {
    throw new UserError(
      [`${command} ${args.slice(0, 3).join(" ")} ${ended}`, ...last.map((line) => `  ${line}`)].join("\n"),
      options.fix ?? `Run it by hand to see why: ${command} ${args.join(" ")}`,
    );
  }
  return output;
}
