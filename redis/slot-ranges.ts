/** First and last slot, both included. */
export type SlotRange = [number, number];

/** Number of slots of every Redis Cluster. */
export const slotCount = 16_384;

/**
 * Distributes the slots that no primary serves: in equal parts among the primaries without slots, or among all primaries
 * if each has slots.
 *
 * @param served for each primary, the ranges that it serves already
 * @param others ranges that other nodes serve
 * @param count number of slots of the cluster
 * @returns for each primary, the ranges to add
 */
export function assignSlots(
  served: readonly (readonly SlotRange[])[],
  others: readonly SlotRange[] = [],
  count: number = slotCount,
): SlotRange[][] {
  const taken = new Uint8Array(count);
  for (const [first, last] of [...served.flat(), ...others]) taken.fill(1, first, last + 1);
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

/** Ranges of ascending slots, as few as possible. */
export function rangesOf(slots: readonly number[]): SlotRange[] {
  const ranges: SlotRange[] = [];
  for (const slot of slots) {
    const current = ranges.at(-1);
    if (current && current[1] === slot - 1) current[1] = slot;
    else ranges.push([slot, slot]);
  }
  return ranges;
}

/** The slots of ranges. */
export function slotsIn(ranges: readonly SlotRange[]): number[] {
  return ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
}

/** Number of slots of ranges. */
export function sizeOf(ranges: readonly SlotRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
