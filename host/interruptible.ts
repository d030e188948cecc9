import { exitCodes } from "../contract/user-error.ts";
import { onInterrupt } from "./interrupts.ts";
import { endCommands, runningCommands, signalCommands } from "./running-commands.ts";
import { note } from "./steps.ts";

/**
 * Does work that an interrupt ends in order: the programs that it runs are interrupted and awaited, and the process ends with
 * exit code 130. A second interrupt ends the programs by force.
 *
 * @param resume command that goes on with the work.
 * @returns the result of `work`; it never returns after an interrupt.
 * @throws {Error} of `work`, unless it was interrupted.
 */
export async function interruptible<T>(resume: string, work: () => Promise<T>): Promise<T> {
  let isInterrupted = false;
  const release = onInterrupt((isRepeated) => {
    if (isRepeated) {
      signalCommands("SIGKILL");
      process.exit(exitCodes.interrupted);
    }
    isInterrupted = true;
    const names = runningCommands().join(", ");
    note(`\n✗ interrupted\n  the next ${resume} goes on`);
    if (names !== "") note(`  … waiting for the end of ${names}; Ctrl-C once more ends it by force`);
    void endCommands().then(() => process.exit(exitCodes.interrupted));
  });
  // The error of a program that was interrupted is none of the work.
  const whenNotInterrupted = <Value>(value: Value): Value | Promise<never> =>
    isInterrupted ? new Promise<never>(() => {}) : value;
  try {
    return await whenNotInterrupted(await work());
  } catch (error) {
    throw await whenNotInterrupted(error);
  } finally {
    release();
  }
}
