import { spawn } from "node:child_process";
import { UserError } from "../contract/user-error.ts";

/** How a short program ended. */
export type ProgramResult = { exitCode: number; stdout: string; stderr: string };

/**
 * Runs a short program to its end.
 *
 * @throws {UserError} when it cannot be started.
 */
export async function tryProgram(
  command: string,
  args: readonly string[],
  input?: string,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.once("error", (error) =>
      reject(
        new UserError(`cannot run ${command}: ${error.message}`, `install the package that has ${command}`),
      ),
    );
    child.once("close", (code) => resolve({ exitCode: code ?? 1, stdout, stderr }));
  });
}

/**
 * Runs a short program that has to succeed.
 *
 * @returns what it wrote to stdout.
 * @throws {UserError} with what it wrote to stderr.
 */
export async function runProgram(command: string, args: readonly string[], input?: string): Promise<string> {
  const result = await tryProgram(command, args, input);
  if (result.exitCode === 0) return result.stdout;
  const output = (result.stderr || result.stdout).trim();
  throw new UserError(
    `\`${[command, ...args].join(" ")}\` failed: ${output}`,
    "mend what it says, then run the command again",
  );
}
