import { sha256 } from "../host/digest.ts";
import { heldLocks, holderOf, type LockHolder, tryLock } from "../host/named-lock.ts";
import { poll } from "../host/poll.ts";
import { note, runningSteps, step } from "../host/steps.ts";

const turn = "turn";
const usePrefix = "use-";
const pollMs = 300;
const unknownHolder: LockHolder = { pid: 0, command: "another command", activity: "does not answer" };

/**
 * Prepares, stops or resets the cluster while no other command of this machine does. A second command waits, and reports for
 * which process. The wait has no limit: the first start takes a quarter of an hour.
 *
 * @param activity see LockHolder.
 */
export async function inTurn<T>(activity: string, work: () => Promise<T>): Promise<T> {
  return withLock(turn, activity, work);
}

/** Deploys a stack while no other command of this machine does. Pulumi itself would refuse, and recommend `pulumi cancel`. */
export async function inTurnOfStack<T>(stack: string, activity: string, work: () => Promise<T>): Promise<T> {
  return withLock(`stack-${sha256(stack).slice(0, 16)}`, activity, work);
}

/** Keeps other commands from stopping the cluster until this process ends. To be called in turn. */
export async function useCluster(activity: string): Promise<void> {
  await tryLock(`${usePrefix}${process.pid}`, () => activity);
}

/** Stops or resets the cluster in turn, when no command uses it. */
export async function whenUnused<T>(activity: string, work: () => Promise<T>): Promise<T> {
  return inTurn(activity, async () => {
    const unused = async (): Promise<LockHolder | undefined> => {
      for (const name of await heldLocks(usePrefix)) {
        const pid = Number(name.slice(usePrefix.length));
        if (pid === process.pid) continue;
        const holder = await holderOf(name);
        if (holder !== undefined) return holder;
        // A process that is stopped or short of time does not answer.
        if ((await heldLocks(name)).includes(name)) return { ...unknownHolder, pid };
      }
      return undefined;
    };
    await waitWhile(unused);
    return work();
  });
}

/** Does work that is not urgent in turn, unless another command prepares, stops or uses the cluster. */
export async function ifAlone(activity: string, work: () => Promise<void>): Promise<void> {
  const lock = await tryLock(turn, () => activity);
  if (lock === undefined) return;
  try {
    const others = (await heldLocks(usePrefix)).filter((name) => name !== `${usePrefix}${process.pid}`);
    if (others.length === 0) await work();
  } finally {
    lock.release();
  }
}

async function withLock<T>(name: string, activity: string, work: () => Promise<T>): Promise<T> {
  const describeActivity = (): string => [activity, ...runningSteps()].join(": ");
  let lock = await tryLock(name, describeActivity);
  if (lock === undefined)
    await waitWhile(async () => {
      lock = await tryLock(name, describeActivity);
      return lock === undefined ? ((await holderOf(name)) ?? unknownHolder) : undefined;
    });
  try {
    return await work();
  } finally {
    lock?.release();
  }
}

/** Waits until `busy` returns no holder, as a step that names the holder. */
async function waitWhile(busy: () => Promise<LockHolder | undefined>): Promise<void> {
  const first = await busy();
  if (first === undefined) return;
  if (!process.stderr.isTTY) note(`  … waiting for ${describe(first)}`);
  await step(`Wait for ${describe(first)}`, async (report) => {
    await poll({ intervalMs: pollMs, timeoutMs: Number.POSITIVE_INFINITY }, async () => {
      const holder = await busy();
      if (holder !== undefined && holder.pid !== first.pid) report(`now for ${describe(holder)}`);
      return holder === undefined;
    });
  });
}

function describe({ pid, command, activity }: LockHolder): string {
  return pid === 0 ? command : `${command} (pid ${pid}), which ${activity}`;
}
