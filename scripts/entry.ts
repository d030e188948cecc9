import { ProcessOutput } from "zx";
import { printError } from "../host/print-error.ts";
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
  try {
    const input = command.read(process.argv.slice(2));
    if (input.help) console.log(command.help.trimEnd());
    else process.exitCode = await run(input);
  } catch (error) {
    process.exitCode = report(error);
  }
}

function report(error: unknown): number {
  if (!(error instanceof ProcessOutput)) return printError(error);
  console.error(`✗ a command failed with exit code ${error.exitCode}\n  the lines above say why`);
  return 1;
}
