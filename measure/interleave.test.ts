import assert from "node:assert/strict";
import { test } from "node:test";
import { interleave } from "./interleave.ts";

/** What drift adds to each variant's mean when the n-th repeat of all is worth `drift(n)` more. */
function biases(variants: string[], rounds: number, drift: (place: number) => number): number[] {
  const turns = interleave(variants, rounds);
  return variants.map((variant) => {
    const places = turns.flatMap((turn, place) => (turn.variant === variant ? [place] : []));
    assert.equal(places.length, rounds);
    return places.reduce((sum, place) => sum + drift(place), 0) / rounds;
  });
}

test("two variants go A B B A, then B A A B", () => {
  const order = interleave(["A", "B"], 4).map(({ variant }) => variant);
  assert.equal(order.join(""), "ABBABAAB");
});

test("steady drift treats all variants alike", () => {
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

test("drift that grows with the square of time cancels for two variants in four rounds", () => {
  const [a, b] = biases(["A", "B"], 8, (place) => place ** 2);
  assert.equal(a, b);
});

test("every round has each variant once", () => {
  const turns = interleave(["A", "B", "C"], 6);
  for (let round = 0; round < 6; round++) {
    const variants = turns.filter((turn) => turn.round === round).map(({ variant }) => variant);
    assert.deepEqual(variants.sort(), ["A", "B", "C"]);
  }
});

test("refuses what cannot be balanced", () => {
  assert.throws(() => interleave(["A"], 2), RangeError);
  for (const rounds of [0, 1, 3, 2.5, -2]) assert.throws(() => interleave(["A", "B"], rounds), RangeError);
});
