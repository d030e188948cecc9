import type { ClusterNode, Credentials } from "./cluster-node.ts";

/** One end of a move. */
export interface MoveEnd {
  node: ClusterNode;
  id: string;
  ip: string;
  port: number;
}

/** Slots that are emptied at the same time. Each MIGRATE blocks both nodes, and clients wait behind all that are under way. */
const slotsAtOnce = 8;
const keysPerMigration = 100;
const bytesPerMigration = 1024 ** 2;
/** Bytes that a node moves in a millisecond at the least. */
const slowestBytesPerMs = 4096;

/**
 * Moves slots with their keys the classic way, which every version knows. It can be stopped anywhere and run again, and it finishes
 * moves that were stopped.
 *
 * The target learns of the move first, so that no client is sent to a node that refuses it. At the end too, because a source
 * that gave up a slot whose target then crashes would leave the slot without an owner.
 *
 * @throws {Error} at the first command that fails; the state must then be observed again.
 */
export async function moveSlots(
  from: MoveEnd,
  to: MoveEnd,
  slots: readonly number[],
  credentials: Credentials,
): Promise<void> {
  await setSlots(to.node, slots, "IMPORTING", from.id);
  await setSlots(from.node, slots, "MIGRATING", to.id);
  for (let start = 0; start < slots.length; start += slotsAtOnce)
    await all(slots.slice(start, start + slotsAtOnce), (slot) => emptySlot(from, to, slot, credentials));
  await setSlots(to.node, slots, "NODE", to.id);
  await setSlots(from.node, slots, "NODE", to.id);
}

/** Ends the open state of slots. */
export async function closeSlots(node: ClusterNode, slots: readonly number[]): Promise<void> {
  await setSlots(node, slots, "STABLE");
}

/**
 * Moves keys of slots back to their owner and ends the open state. Where the owner has a key of the same name, clients have used
 * that one, and the other is deleted.
 */
export async function giveBack(
  from: MoveEnd,
  owner: MoveEnd,
  slots: readonly number[],
  credentials: Credentials,
): Promise<void> {
  for (const slot of slots)
    for (
      let keys = await from.node.keysIn(slot, keysPerMigration);
      keys.length > 0;
      keys = await from.node.keysIn(slot, keysPerMigration)
    )
      for (const key of keys) {
        const isKept = await migrate(from, owner, [key], 0, credentials, []).catch((error: unknown) => {
          if (!String(error).includes("BUSYKEY")) throw error;
          return false;
        });
        if (!isKept) await Promise.all([from.node.send("ASKING"), from.node.send("DEL", key)]);
      }
  await closeSlots(from.node, slots);
}

async function emptySlot(from: MoveEnd, to: MoveEnd, slot: number, credentials: Credentials): Promise<void> {
  for (
    let keys = await from.node.keysIn(slot, keysPerMigration);
    keys.length > 0;
    keys = await from.node.keysIn(slot, keysPerMigration)
  ) {
    const sizes = await all(keys, (key) => sizeOfKey(from.node, key));
    // While a key is on the source, clients use it there. A copy on the target is of a migration whose reply was lost.
    for (const { batch, bytes } of batchesOf(keys, sizes))
      await migrate(from, to, batch, bytes, credentials, ["REPLACE"]);
  }
}

/** Memory of a key. For one that has expired, the source of a move sends clients on to the target. */
async function sizeOfKey(node: ClusterNode, key: Buffer): Promise<number> {
  const size = await node.send("MEMORY", "USAGE", key).catch((error: unknown) => {
    if (!/\bASK \d/.test(String(error))) throw error;
    return 0;
  });
  return Number(size) || 0;
}

/** Batches of keys of a limited size. A key that is larger has a batch of its own. */
export function batchesOf(
  keys: readonly Buffer[],
  sizes: readonly number[],
): { batch: Buffer[]; bytes: number }[] {
  const batches: { batch: Buffer[]; bytes: number }[] = [];
  for (const [index, key] of keys.entries()) {
    const size = sizes[index] ?? 0;
    const last = batches.at(-1);
    if (last === undefined || last.bytes + size > bytesPerMigration)
      batches.push({ batch: [key], bytes: size });
    else {
      last.batch.push(key);
      last.bytes += size;
    }
  }
  return batches;
}

/** @returns true; keys that have expired or were deleted since are no failure. */
async function migrate(
  from: MoveEnd,
  to: MoveEnd,
  keys: readonly Buffer[],
  bytes: number,
  { username, password }: Credentials,
  options: string[],
): Promise<true> {
  const timeoutMs = 5_000 + Math.ceil(bytes / slowestBytesPerMs);
  const login = password === undefined ? [] : ["AUTH2", username, password];
  const settings = ["0", String(timeoutMs), ...options, ...login, "KEYS"];
  await from.node.send("MIGRATE", to.ip, String(to.port), "", ...settings, ...keys);
  return true;
}

async function setSlots(node: ClusterNode, slots: readonly number[], ...state: string[]): Promise<void> {
  await all(slots, (slot) => node.send("CLUSTER", "SETSLOT", String(slot), ...state));
}

/** Does all and waits for all, so that no command is under way when one has failed. @throws {Error} the first failure. */
async function all<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results = await Promise.allSettled(items.map(act));
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}
