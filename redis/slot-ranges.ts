/** First and last slot, both included. */
export type SlotRange = [number, number];

/** Slots of every Redis Cluster. */
export const slotCount = 16_384;

/**
 * The slots that nobody serves, as ranges for each of the primaries: the i-th gets what is free in the i-th of as many
 * equal parts.
 *
 * @param served the ranges that each primary serves already
 */
export function assignSlots(served: readonly (readonly SlotRange[])[]): SlotRange[][] {
  const taken = new Uint8Array(slotCount);
  for (const [first, last] of served.flat()) taken.fill(1, first, last + 1);
  return served.map((_, index) => {
    const end = partStart(index + 1, served.length);
    const free: SlotRange[] = [];
    for (let slot = partStart(index, served.length); slot < end; slot++) {
      if (taken[slot]) continue;
      const current = free.at(-1);
      if (current && current[1] === slot - 1) current[1] = slot;
      else free.push([slot, slot]);
    }
    return free;
  });
}

function partStart(index: number, parts: number): number {
  return Math.round((index * slotCount) / parts);
}
