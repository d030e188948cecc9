import { exitCodes, UserError } from "../contract/user-error.ts";

/**
 * Prints the error that ends a command: what is wrong and the fix of a UserError, any other error with its stack trace.
 *
 * @returns the exit code.
 */
export function printError(error: unknown): number {
  if (error instanceof UserError) {
    console.error(`✗ ${error.message}\n  ${error.fix}`);
    return error.exitCode;
  }
  console.error(error);
  return exitCodes.broken;
}
