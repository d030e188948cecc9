import assert from "node:assert/strict";
import { test } from "node:test";
import { shareOf } from "./load.ts";
import type { LoadOptions } from "./load-result.ts";

const options = { rate: 300, connections: 10, seed: 1 } as LoadOptions;

test("shareOf gives request i of a fixed rate to thread i mod N, and no two threads the same time", () => {
  for (const threads of [1, 2, 3, 7]) {
    const due = Array.from({ length: threads }, (_, thread) => {
      const { firstDueMs, rate = 0 } = shareOf(options, thread, threads);
      return Array.from({ length: 50 }, (_, turn) => ({ thread, ms: firstDueMs + (turn * 1000) / rate }));
    });
    const schedule = due.flat().sort((a, b) => a.ms - b.ms);
    for (const [index, { thread, ms }] of schedule.entries()) {
      assert.equal(thread, index % threads);
      assert.ok(Math.abs(ms - (index * 1000) / 300) < 1e-6, `request ${index} is due at ${ms} ms`);
    }
  }
});

test("shareOf gives all connections to the threads, and each thread keys of its own", () => {
  const shares = Array.from({ length: 4 }, (_, thread) => shareOf(options, thread, 4));
  assert.deepEqual(
    shares.map(({ connections }) => connections),
    [3, 3, 2, 2],
  );
  assert.equal(new Set(shares.map(({ seed }) => seed)).size, 4);
});
