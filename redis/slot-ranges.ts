/** First and last slot, both included. */
export type SlotRange = [number, number];

/** Number of slots of every Redis Cluster. */
export const slotCount = 16_384;

/**
 * Distributes the slots that no primary serves: in equal parts among the primaries without slots, or among all primaries
 * if each has slots.
 *
 * @param served for each primary, the ranges that it serves already
 * @returns for each primary, the ranges to add
 */
export function assignSlots(served: readonly (readonly SlotRange[])[]): SlotRange[][] {
  const taken = new Uint8Array(slotCount);
  for (const [first, last] of served.flat()) taken.fill(1, first, last + 1);
  const free = [...taken.keys()].filter((slot) => !taken[slot]);
  const indices = [...served.keys()];
  const empty = indices.filter((index) => served[index]?.length === 0);
  const takers = empty.length > 0 ? empty : indices;
  const partStart = (part: number) => Math.round((part * free.length) / takers.length);
  return indices.map((index) => {
    const part = takers.indexOf(index);
    return part === -1 ? [] : rangesOf(free.slice(partStart(part), partStart(part + 1)));
  });
}

function rangesOf(slots: readonly number[]): SlotRange[] {
  const ranges: SlotRange[] = [];
  for (const slot of slots) {
    const current = ranges.at(-1);
    if (current && current[1] === slot - 1) current[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}
