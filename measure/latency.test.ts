import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyHistogram } from "./latency.ts";
import { seededRandom } from "./random.ts";

/** The percentile by nearest rank, as in HdrHistogram. */
function exact(values: number[], percentile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)] ?? Number.NaN;
}

test("LatencyHistogram agrees with an exact sort to three digits", () => {
  const random = seededRandom(7);
  const histogram = LatencyHistogram.empty();
  // From 50 µs to some minutes, so that every bucket size occurs.
  const values = Array.from({ length: 20_000 }, () => Math.round(50 * Math.exp(random() * 15)) / 1000);
  for (const value of values) histogram.record(value);
  for (const percentile of [0.1, 10, 50, 90, 95, 99, 99.9, 99.99, 100]) {
    const wanted = exact(values, percentile);
    const off = Math.abs(histogram.at(percentile) - wanted) / wanted;
    assert.ok(off <= 0.001, `p${percentile}: ${histogram.at(percentile)} instead of ${wanted}`);
  }
});

test("LatencyHistogram decodes to the same percentiles, and merges", () => {
  const slow = LatencyHistogram.empty();
  const fast = LatencyHistogram.empty();
  for (let n = 0; n < 99; n++) fast.record(1);
  slow.record(500);
  fast.merge(LatencyHistogram.decode(slow.encode()));
  assert.equal(fast.count, 100);
  assert.equal(fast.at(99), 1);
  assert.ok(Math.abs(fast.at(100) - 500) < 0.5);
});

test("LatencyHistogram returns NaN when nothing was recorded", () => {
  const { p99Ms, maxMs, count, curve } = LatencyHistogram.empty().summary();
  assert.deepEqual([p99Ms, maxMs, count, curve], [Number.NaN, Number.NaN, 0, []]);
});

test("LatencyHistogram ends the curve at the percentile that its samples resolve", () => {
  const histogram = LatencyHistogram.empty();
  for (let n = 0; n < 1000; n++) histogram.record(n + 1);
  const { curve } = histogram.summary();
  assert.ok(Math.abs((curve.at(-1)?.percentile ?? 0) - 99.9) < 1e-9);
  assert.equal(curve.length, 31);
});
