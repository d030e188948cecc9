import { UserError } from "../../contract/user-error.ts";
import { pollUntil } from "../../host/poll.ts";
import { daemonState, logFile, logTail } from "./process-supervisor.ts";

/** A state of the cluster to wait for. */
export interface Condition {
  /** Ends the sentence "waited 60 s for …". */
  what: string;
  /** Whether the state is reached; an error counts as no, and the time-out reports the last one. */
  holds: () => Promise<boolean>;
  /** Daemons that the state depends on: when one of them has ended, waiting ends. */
  needs: readonly string[];
  /** Milliseconds; 60,000 by default. */
  timeoutMs?: number;
}

/**
 * Waits until a condition holds.
 *
 * @throws {UserError} when a needed daemon has ended, and after the time-out.
 */
export async function waitFor({ what, holds, needs, timeoutMs = 60_000 }: Condition): Promise<void> {
  await pollUntil(
    {
      what,
      timeoutMs,
      fix: `run \`npm run status\` and read ${needs.map(logFile).join(", ")}`,
      retryAfter: (error) => !(error instanceof UserError),
    },
    async () => {
      try {
        if (await holds()) return true;
      } catch (error) {
        await requireRunning(what, needs, error);
        throw error;
      }
      await requireRunning(what, needs);
      return false;
    },
  );
}

async function requireRunning(what: string, needs: readonly string[], cause?: unknown): Promise<void> {
  for (const name of needs) {
    if ((await daemonState(name)).state === "running") continue;
    throw new UserError(
      `${name} ended while waiting for ${what}; its last lines:\n${await logTail(name, 5)}`,
      `read ${logFile(name)}, then run the command again`,
      { cause },
    );
  }
}
