import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assignSlots, rangesOf, type SlotRange, sizeOf, slotCount, slotsIn } from "./slot-ranges.ts";

const sizes = (ranges: SlotRange[][]) =>
  ranges.map((list) => list.reduce((sum, [first, last]) => sum + last - first + 1, 0));

/** Counts how often each slot is in the ranges. */
function coverage(ranges: readonly SlotRange[]): Uint8Array {
  const counts = new Uint8Array(slotCount);
  for (const [first, last] of ranges)
    for (let slot = first; slot <= last; slot++) counts[slot] = (counts[slot] ?? 0) + 1;
  return counts;
}

test("assignSlots gives three new primaries the same ranges as redis-cli", () => {
  assert.deepEqual(assignSlots([[], [], []]), [[[0, 5460]], [[5461, 10_922]], [[10_923, 16_383]]]);
});

test("assignSlots gives new primaries shares that differ by at most one slot", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), (count) => {
      const shares = sizes(assignSlots(Array.from({ length: count }, () => [])));
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
    }),
  );
});

test("assignSlots assigns nothing when all slots are served", () => {
  assert.deepEqual(assignSlots([[[8000, 16_383]], [[0, 7999]]]), [[], []]);
});

test("assignSlots gives all free slots to the primary without slots", () => {
  const served: SlotRange[][] = [[], [[10_923, 16_383]], [[0, 5460]]];
  assert.deepEqual(assignSlots(served), [[[5461, 10_922]], [], []]);
});

test("assignSlots divides gaps among primaries that all have slots, in ranges as long as possible", () => {
  const served: SlotRange[][] = [
    [
      [0, 99],
      [101, 8000],
    ],
    [[8003, 16_383]],
  ];
  assert.deepEqual(assignSlots(served), [
    [
      [100, 100],
      [8001, 8001],
    ],
    [[8002, 8002]],
  ]);
});

test("assignSlots completes the served slots to every slot exactly once", () => {
  // Owner of each run of slots; 5 means no owner.
  const runs = fc.array(fc.tuple(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 0, max: 5 })), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(runs, (lengths) => {
      const served = Array.from({ length: 5 }, (): SlotRange[] => []);
      let start = 0;
      for (const [length, owner] of lengths) {
        const end = Math.min(start + length, slotCount);
        if (end > start) served[owner]?.push([start, end - 1]);
        start = end;
      }
      const given = assignSlots(served);
      assert.ok(coverage([...served.flat(), ...given.flat()]).every((count) => count === 1));
      assert.ok(given.flat().every(([first, last]) => first <= last));
    }),
  );
});

test("assignSlots leaves out slots that others serve", () => {
  assert.deepEqual(assignSlots([[]], [[0, 9]], 20), [[[10, 19]]]);
});

test("rangesOf and slotsIn are the inverse of each other", () => {
  const ranges: SlotRange[] = [
    [0, 2],
    [7, 7],
    [9, 10],
  ];
  assert.deepEqual(slotsIn(ranges), [0, 1, 2, 7, 9, 10]);
  assert.deepEqual(rangesOf(slotsIn(ranges)), ranges);
  assert.equal(sizeOf(ranges), 6);
});
