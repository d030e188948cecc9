import { setTimeout as sleep } from "node:timers/promises";
import type { MoveEnd } from "./move-slots.ts";
import { isUnderWay } from "./slot-migrations.ts";
import { rangesOf } from "./slot-ranges.ts";

const pollMs = 50;
/** Attempts of the target, which begins again by itself, after which the move is given up. */
const maxRetries = 5;

/**
 * Moves slots with their keys in one step (Redis 8.4, https://redis.io/commands/cluster-migration): the target fetches a copy and
 * then all changes, the source pauses writes, and the target takes over. It waits until the move has ended. When the process ends
 * before, the move goes on without it.
 *
 * @throws {Error} with the server's reason when the move fails; the owners are uncertain then, and must be observed again.
 */
export async function importSlots(to: MoveEnd, slots: readonly number[]): Promise<void> {
  const ranges = rangesOf(slots).flat().map(String);
  const id = String(await to.node.send("CLUSTER", "MIGRATION", "IMPORT", ...ranges));
  for (;;) {
    const own = (await to.node.slotMigrations()).find(({ name }) => name === id);
    // The list is lost when the node restarts.
    if (own === undefined) throw new Error("the target no longer knows the move of slots");
    if (own.state === "completed") return;
    const isGivenUp = own.retries >= maxRetries;
    if (isGivenUp) await to.node.send("CLUSTER", "MIGRATION", "CANCEL", "ID", id);
    if (isGivenUp || !isUnderWay(own))
      throw new Error(`the move of slots ${own.state}: ${own.message || "no reason given"}`);
    await sleep(pollMs);
  }
}
