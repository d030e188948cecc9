import { ProcessOutput } from "zx";
import { UserError } from "../contract/user-error.ts";

/** Runs an entry point; a failure that a person can act on is told without a stack trace, with its exit code. */
export async function entry(run: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    process.exitCode = tell(error);
  }
}

function tell(error: unknown): number {
  if (error instanceof UserError) {
    console.error(`✗ ${error.message}\n  ${error.fix}`);
    return error.exitCode;
  }
  if (error instanceof ProcessOutput) {
    console.error(`✗ a command failed with exit code ${error.exitCode}\n  the lines above say why`);
    return 1;
  }
  console.error(error);
  return 1;
}
