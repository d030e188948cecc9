import { ProcessOutput } from "zx";
import { UserError } from "../contract/user-error.ts";
import { endOf } from "../host/foreground.ts";
import { printError } from "../host/print-error.ts";
import { requireUsablePaths } from "../local/paths.ts";
import type { Command } from "./commands.ts";

/**
 * Runs a script: reads its arguments, prints the help if it is asked for, else calls `run`. An error that the user
 * can act on is printed without a stack trace and sets its exit code.
 *
 * @param run returns the exit code.
 */
export async function entry<Input>(
  command: Command<Input>,
  run: (input: Input) => Promise<number>,
): Promise<void> {
  endWithBootstrap();
  try {
    const input = readInput(command, process.argv.slice(2), process.env);
    if (input.help) console.log(command.help.trimEnd());
    else {
      requireUsablePaths();
      process.exitCode = await run(input);
    }
  } catch (error) {
    process.exitCode = report(error);
  }
}

/**
 * Reads the arguments of a script. npm keeps options in front of `--` for itself, and passes on only their values
 * as variables. Without this check, `npm run up --stack=prod` would deploy `local`.
 *
 * @throws {UserError} with exit code 2 on wrong usage, or when npm has kept the stack.
 */
export function readInput<Input>(command: Command<Input>, args: readonly string[], env: NodeJS.ProcessEnv) {
  const { npm_config_stack: stack, npm_lifecycle_event: script } = env;
  if (stack !== undefined)
    throw new UserError(
      "npm has read --stack as an option of its own",
      `put -- in front of it: npm run ${script} -- --stack NAME`,
      { exitCode: 2 },
    );
  return command.read(args);
}

/** Interrupts this process when bootstrap.mjs was killed, which could pass no signal on. */
function endWithBootstrap(): void {
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel?.unref();
}

function report(error: unknown): number {
  if (!(error instanceof ProcessOutput)) return printError(error);
  console.error(`✗ ${endOf("a command", error)}\n  the lines above say why`);
  return 1;
}
