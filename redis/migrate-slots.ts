import { setTimeout as sleep } from "node:timers/promises";
import type { MoveEnd } from "./move-slots.ts";
import { isUnderWay, type SlotMigration } from "./slot-migrations.ts";
import { rangesOf } from "./slot-ranges.ts";

const pollMs = 50;

/**
 * Moves slots with their keys in one step (Valkey 9): the source sends a copy and then all changes, pauses writes, and the
 * target takes over. Clients see no slot that is open. It waits until the move has ended. When the process ends before, the
 * move goes on without it.
 *
 * @throws {Error} with the server's reason when the move fails; the owners are uncertain then, and must be observed again.
 */
export async function migrateSlots(from: MoveEnd, to: MoveEnd, slots: readonly number[]): Promise<void> {
  const before = new Set((await from.node.slotMigrations()).map(({ name }) => name));
  const ranges = rangesOf(slots).flat().map(String);
  await from.node.send("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", ...ranges, "NODE", to.id);
  for (;;) {
    const found = await from.node.slotMigrations();
    const own = found.find(({ name, operation }) => operation === "EXPORT" && !before.has(name));
    // The list is lost when the node restarts.
    if (own === undefined) throw new Error("the source no longer knows the move of slots");
    if (own.state === "success") return;
    if (!isUnderWay(own)) throw new Error(`the move of slots ${own.state}: ${await reasonOf(own, to)}`);
    await sleep(pollMs);
  }
}

/** The source often knows only that the connection was lost; the target then has the reason. */
async function reasonOf({ name, message }: SlotMigration, to: MoveEnd): Promise<string> {
  const there = await to.node.slotMigrations().catch(() => []);
  const others = there.filter((each) => each.name === name).map((each) => each.message);
  return (
    [...new Set([message, ...others])].filter((text) => text !== "").join(" The target: ") ||
    "no reason given"
  );
}
