import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { assignSlots, type SlotRange, slotCount } from "./slot-ranges.ts";

const sizes = (ranges: SlotRange[][]) =>
  ranges.map((list) => list.reduce((sum, [first, last]) => sum + last - first + 1, 0));

/** How often each slot is in the ranges. */
function coverage(ranges: readonly SlotRange[]): Uint8Array {
  const counts = new Uint8Array(slotCount);
  for (const [first, last] of ranges)
    for (let slot = first; slot <= last; slot++) counts[slot] = (counts[slot] ?? 0) + 1;
  return counts;
}

test("three new primaries get the ranges that redis-cli gives them", () => {
  assert.deepEqual(assignSlots([[], [], []]), [[[0, 5460]], [[5461, 10_922]], [[10_923, 16_383]]]);
});

test("shares of new primaries differ by one slot at most", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), (count) => {
      const shares = sizes(assignSlots(Array.from({ length: count }, () => [])));
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
    }),
  );
});

test("no slot is left or given when all are served", () => {
  assert.deepEqual(assignSlots([[[8000, 16_383]], [[0, 7999]]]), [[], []]);
});

test("a primary without slots gets all that is free, wherever it stands", () => {
  const served: SlotRange[][] = [[], [[10_923, 16_383]], [[0, 5460]]];
  assert.deepEqual(assignSlots(served), [[[5461, 10_922]], [], []]);
});

test("gaps among primaries that all serve are shared, each range as long as it can be", () => {
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

test("what was served and what is given cover every slot exactly once", () => {
  // Owner of each run of slots; 5 stands for nobody.
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
