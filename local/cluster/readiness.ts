import { UserError } from "../../contract/user-error.ts";
import { logFile, logTail, serviceState } from "./process-supervisor.ts";

/** What to wait for. */
export type Condition = {
  /** Ends the sentence "waited 60 s for …". */
  what: string;
  /** Whether it holds now; an error counts as no, and the last one is told on time-out. */
  holds: () => Promise<boolean>;
  /** Services without which it cannot come to hold: when one ends, waiting ends too. */
  needs: readonly string[];
  timeoutMs?: number;
};

const pollMs = 100;

/**
 * Waits until a condition holds.
 *
 * @throws {UserError} when a needed service ends, or after the time-out (60 s unless told).
 */
export async function waitFor(condition: Condition): Promise<void> {
  const timeoutMs = condition.timeoutMs ?? 60_000;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let lastError: unknown;
    try {
      if (await condition.holds()) return;
    } catch (error) {
      lastError = error;
    }
    for (const name of condition.needs) {
      if ((await serviceState(name)).state === "running") continue;
      throw new UserError(
        `${name} ended while waiting for ${condition.what}; its last lines:\n${await logTail(name, 5)}`,
        `read ${logFile(name)}, then run the command again`,
        { cause: lastError },
      );
    }
    if (Date.now() >= deadline) {
      const reason = lastError instanceof Error ? ` (${lastError.message})` : "";
      throw new UserError(
        `waited ${timeoutMs / 1000} s for ${condition.what}${reason}`,
        `run \`npm run status\` and read ${condition.needs.map(logFile).join(", ")}`,
        { cause: lastError },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
