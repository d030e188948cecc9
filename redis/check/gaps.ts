import type { CheckedShard } from "../../contract/redis-check.ts";

/** The times of acknowledged writes of the shards that the cluster had when the check began. */
export class ShardGaps {
  readonly #shards: (CheckedShard & { lastMs: number })[] = [];
  readonly #shardOfSlot: number[];

  /** @param owners owner of each slot at the beginning */
  constructor(owners: readonly string[], nowMs: number) {
    const names = [...new Set(owners)].sort();
    this.#shards = names.map((primary) => ({
      primary,
      slots: owners.filter((owner) => owner === primary).length,
      acknowledged: 0,
      longestGapMs: 0,
      gapFromMs: nowMs,
      lastMs: nowMs,
    }));
    this.#shardOfSlot = owners.map((owner) => names.indexOf(owner));
  }

  acknowledge(slot: number, nowMs: number): void {
    const shard = this.#shards[this.#shardOfSlot[slot] ?? 0];
    if (shard === undefined) return;
    this.#measure(shard, nowMs);
    shard.acknowledged++;
    shard.lastMs = nowMs;
  }

  /** Longest present time without an acknowledged write, in ms. */
  silentMs(nowMs: number): number {
    return Math.max(...this.#shards.map(({ lastMs }) => nowMs - lastMs));
  }

  /** The shards with their longest gaps; the time since the last acknowledgement counts. */
  end(nowMs: number): CheckedShard[] {
    return this.#shards.map((shard) => {
      this.#measure(shard, nowMs);
      const { lastMs: _, ...report } = shard;
      return report;
    });
  }

  #measure(shard: CheckedShard & { lastMs: number }, nowMs: number): void {
    const gapMs = nowMs - shard.lastMs;
    if (gapMs <= shard.longestGapMs) return;
    shard.longestGapMs = gapMs;
    shard.gapFromMs = shard.lastMs;
  }
}
