import assert from "node:assert/strict";
import { test } from "node:test";
import { costOf } from "./costs.ts";

test("costOf compares the CPU time of a request with that of a server without the part, within each round", () => {
  // Rounds that drift: 100, 110, … µs without the part, a fifth more with it.
  const none = Array.from({ length: 8 }, (_, round) => 100 + 10 * round);
  const perSecond = (micros: number[]) => micros.map((each) => 1e6 / each);
  const samples = new Map([
    ["none", perSecond(none)],
    ["cache", perSecond(none.map((each) => each * 1.2))],
  ]);
  const { part, ratio, low, high, withPartMicros, addedMicros } = costOf("cache", samples);
  assert.equal(part, "cache");
  for (const value of [ratio, low, high]) assert.ok(Math.abs(value - 1.2) < 1e-9);
  assert.ok(Math.abs(withPartMicros - 162) < 1e-9);
  assert.ok(Math.abs(addedMicros - 27) < 1e-9);
});
