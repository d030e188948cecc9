import { UserError } from "../../contract/user-error.ts";
import { holderOf, tryLock } from "../../host/named-lock.ts";
import { pollUntil } from "../../host/poll.ts";

const name = "cluster";
const timeoutMs = 180_000;

/**
 * Runs `change` while no other command on this machine changes the cluster.
 *
 * @throws {UserError} that names the other command, when it does not finish within three minutes.
 */
export async function withMachineLock<T>(change: () => Promise<T>): Promise<T> {
  const lock = await pollUntil(
    {
      what: "another breakwater command that is changing the cluster",
      fix: "wait for it or end it (Ctrl-C in its terminal), then run this one again",
      intervalMs: 200,
      timeoutMs,
    },
    () => tryLock(name, () => "changes the cluster"),
  ).catch(async (error: unknown) => {
    const holder = await holderOf(name);
    if (holder === undefined || !(error instanceof UserError)) throw error;
    throw new UserError(`${error.message}: ${holder.command} (pid ${holder.pid})`, error.fix, {
      cause: error,
    });
  });
  try {
    return await change();
  } finally {
    lock.release();
  }
}
