import assert from "node:assert/strict";
import { test } from "node:test";
import { interleave } from "./interleave.ts";

/** How much drift adds to each variant's mean when it adds `drift(n)` to the n-th repeat. */
function biases(variants: string[], rounds: number, drift: (place: number) => number): number[] {
  const turns = interleave(variants, rounds);
  return variants.map((variant) => {
    const places = turns.flatMap((turn, place) => (turn.variant === variant ? [place] : []));
    assert.equal(places.length, rounds);
    return places.reduce((sum, place) => sum + drift(place), 0) / rounds;
  });
}

test("interleave orders two variants A B B A, then B A A B", () => {
  const order = interleave(["A", "B"], 4).map(({ variant }) => variant);
  assert.equal(order.join(""), "ABBABAAB");
});

test("interleave cancels linear drift for any number of variants", () => {
  for (const variants of [
    ["A", "B"],
    ["A", "B", "C"],
    ["A", "B", "C", "D", "E"],
  ]) {
    for (const rounds of [2, 4, 6, 10]) {
      const [first, ...others] = biases(variants, rounds, (place) => 3 * place);
      for (const other of others) assert.equal(other, first, `${variants} in ${rounds} rounds`);
    }
  }
});

test("interleave cancels quadratic drift for two variants in a multiple of four rounds", () => {
  const [a, b] = biases(["A", "B"], 8, (place) => place ** 2);
  assert.equal(a, b);
});

test("interleave has each variant once in every round", () => {
  const turns = interleave(["A", "B", "C"], 6);
  for (let round = 0; round < 6; round++) {
    const variants = turns.filter((turn) => turn.round === round).map(({ variant }) => variant);
    assert.deepEqual(variants.sort(), ["A", "B", "C"]);
  }
});

test("interleave refuses one variant and an odd number of rounds", () => {
  assert.throws(() => interleave(["A"], 2), RangeError);
  for (const rounds of [0, 1, 3, 2.5, -2]) assert.throws(() => interleave(["A", "B"], rounds), RangeError);
});
