import assert from "node:assert/strict";
import { test } from "node:test";
import { isDueEarly } from "./early-refresh.ts";

test("isDueEarly is true with probability exp(−remaining / load time)", () => {
  const draws = 10_000;
  for (const [remainingMs, loadMs] of [
    [100, 100],
    [200, 100],
    [1, 100],
  ] as const) {
    let due = 0;
    for (let draw = 0; draw < draws; draw++) if (isDueEarly(remainingMs, loadMs, draw / draws)) due++;
    assert.ok(Math.abs(due / draws - Math.exp(-remainingMs / loadMs)) < 0.001);
  }
});

test("isDueEarly is false long before expiry and without load time, and true after expiry", () => {
  assert.equal(isDueEarly(300_000, 5, 1 - Number.EPSILON), false);
  assert.equal(isDueEarly(1, 0, 0.999), false);
  assert.equal(isDueEarly(0, 5, 0), true);
});
