import slotOf from "cluster-key-slot";
import { ClearIncomplete } from "./cache-store.ts";
import { withDeadline } from "./deadline.ts";
import { messageOf, type RedisCommands, type RedisLink, type RedisNode } from "./redis-link.ts";

const keysPerStep = 1_000;
const timeoutMs = 30_000;
const stepTimeoutMs = 2_000;
/**
 * A reader with a lease from before the clearing may fill its entry behind the scan during the first pass. The entry then
 * exists during the whole second pass, and SCAN returns every key that exists all the time.
 */
const passes = 2;

/**
 * Deletes all keys that match a glob from every primary, by SCAN and UNLINK.
 *
 * @returns the number of deleted keys without leases
 * @throws {ClearIncomplete} when a node fails, or clearing takes more than 30 s.
 */
export async function scanClear(
  link: RedisLink,
  glob: string,
  isLease: (key: string) => boolean,
): Promise<number> {
  const { commands } = link;
  if (!commands || link.masters.length === 0) throw new ClearIncomplete(0, ["no node is connected"]);
  const until = Date.now() + timeoutMs;
  const failures: string[] = [];
  let cleared = 0;
  const clearNode = async (node: RedisNode) => {
    const client = await withDeadline(link.clientOf(node), stepTimeoutMs);
    let cursor = "0";
    do {
      if (Date.now() > until) throw new Error(`not done within ${timeoutMs} ms`);
      const found = await withDeadline(
        client.scan(cursor, { MATCH: glob, COUNT: keysPerStep }),
        stepTimeoutMs,
      );
      const values = found.keys.filter((key) => !isLease(key));
      const unlinks = [unlink(commands, found.keys.filter(isLease)), unlink(commands, values)];
      const [, count = 0] = await withDeadline(Promise.all(unlinks), stepTimeoutMs);
      cleared += count;
      cursor = found.cursor;
    } while (cursor !== "0");
  };
  await Promise.all(
    link.masters.map(async (node) => {
      try {
        for (let pass = 0; pass < passes; pass++) await clearNode(node);
      } catch (error) {
        failures.push(`${node.address}: ${messageOf(error)}`);
      }
    }),
  );
  if (failures.length > 0) throw new ClearIncomplete(cleared, failures);
  return cleared;
}

/** Deletes keys with one command for each slot, as a cluster requires; all commands are sent together. */
async function unlink(commands: RedisCommands, keys: readonly string[]): Promise<number> {
  const counts = await Promise.all(
    [...indexesBySlot(keys).values()].map((indexes) =>
      commands.unlink(indexes.map((index) => keys[index] as string)),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Groups keys by slot. @returns for each slot, the indexes of its keys */
export function indexesBySlot(keys: readonly string[]): Map<number, number[]> {
  const bySlot = new Map<number, number[]>();
  keys.forEach((key, index) => {
    const slot = slotOf(key);
    const indexes = bySlot.get(slot);
    if (indexes) indexes.push(index);
    else bySlot.set(slot, [index]);
  });
  return bySlot;
}
