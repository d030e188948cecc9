import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, weightedPick, zipf } from "./random.ts";

const draws = 200_000;

function shares<T>(draw: () => T): Map<T, number> {
  const counts = new Map<T, number>();
  for (let n = 0; n < draws; n++) {
    const drawn = draw();
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  return new Map([...counts].map(([value, count]) => [value, count / draws]));
}

test("zipf draws rank k in proportion to 1/k, within 1 … count", () => {
  const count = 100;
  const drawn = shares(zipf(count, 1, seededRandom(1)));
  const harmonic = Array.from({ length: count }, (_, at) => 1 / (at + 1)).reduce(
    (sum, part) => sum + part,
    0,
  );
  for (const rank of [1, 2, 3, 10, 50, 100]) {
    const wanted = 1 / rank / harmonic;
    const share = drawn.get(rank) ?? 0;
    assert.ok(Math.abs(share - wanted) < 0.1 * wanted + 0.001, `rank ${rank}: ${share} instead of ${wanted}`);
  }
  assert.ok([...drawn.keys()].every((rank) => Number.isInteger(rank) && rank >= 1 && rank <= count));
});

test("seededRandom repeats its sequence for the same seed only", () => {
  const sequence = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, random);
  };
  assert.deepEqual(sequence(3), sequence(3));
  assert.notDeepEqual(sequence(3), sequence(4));
});

test("weightedPick follows the weights and never draws a weight of zero", () => {
  const drawn = shares(
    weightedPick(
      [
        ["often", 3],
        ["never", 0],
        ["seldom", 1],
      ],
      seededRandom(2),
    ),
  );
  assert.ok(Math.abs((drawn.get("often") ?? 0) - 0.75) < 0.01);
  assert.equal(drawn.get("never"), undefined);
});

test("weightedPick refuses items without a positive weight", () => {
  assert.throws(() => weightedPick([["never", 0]], Math.random), /at least one positive weight/);
});
