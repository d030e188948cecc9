import slotOf from "cluster-key-slot";
import { ClearIncomplete } from "./cache-store.ts";
import { withDeadline } from "./deadline.ts";
import { messageOf, type RedisCommands, type RedisLink, type RedisNode } from "./redis-link.ts";

const keysPerStep = 1_000;
const longestMs = 30_000;
const longestStepMs = 2_000;
/**
 * A reader who took a lease before the clearing may fill its place, behind the scan, during the first pass; then it is there
 * during the whole second one, and SCAN gives what is there all the time.
 */
const passes = 2;

/**
 * Deletes all keys that match a glob on every node that takes writes, by SCAN and UNLINK. Gives how many there were, leases
 * not counted.
 *
 * @throws {ClearIncomplete} when a node fails, or not all is done within 30 s
 */
export async function scanClear(
  link: RedisLink,
  glob: string,
  isLease: (key: string) => boolean,
): Promise<number> {
  const { commands } = link;
  if (!commands || link.masters.length === 0) throw new ClearIncomplete(0, ["no node is connected"]);
  const until = Date.now() + longestMs;
  const failures: string[] = [];
  let cleared = 0;
  const clearNode = async (node: RedisNode) => {
    const client = await withDeadline(link.clientOf(node), longestStepMs);
    let cursor = "0";
    do {
      if (Date.now() > until) throw new Error(`not done within ${longestMs} ms`);
      const found = await withDeadline(
        client.scan(cursor, { MATCH: glob, COUNT: keysPerStep }),
        longestStepMs,
      );
      const values = found.keys.filter((key) => !isLease(key));
      const unlinks = [unlink(commands, found.keys.filter(isLease)), unlink(commands, values)];
      const [, count = 0] = await withDeadline(Promise.all(unlinks), longestStepMs);
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

/** Keys of one slot go in one command, as a cluster demands; all commands go out together. */
async function unlink(commands: RedisCommands, keys: readonly string[]): Promise<number> {
  const counts = await Promise.all(
    [...indexesBySlot(keys).values()].map((indexes) =>
      commands.unlink(indexes.map((index) => keys[index] as string)),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Where the keys of each slot are. */
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
