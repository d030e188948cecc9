import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LatencyHistogram } from "./latency-histogram.ts";

const latencies = fc.array(fc.double({ min: 0.0001, max: 900, noNaN: true }), {
  minLength: 1,
  maxLength: 300,
});

function histogramOf(seconds: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const latency of seconds) histogram.record(latency);
  return histogram;
}

test("LatencyHistogram.quantile is within 1 % of the exact quantile", () => {
  fc.assert(
    fc.property(latencies, fc.constantFrom(0.5, 0.95, 0.99, 1), (seconds, share) => {
      const exact = seconds.toSorted((a, b) => a - b)[Math.ceil(share * seconds.length) - 1] ?? 0;
      const quantile = histogramOf(seconds).quantile(share) ?? 0;
      // The resolution is a microsecond, which is more than 1 % below 0.1 ms.
      assert.ok(Math.abs(quantile - exact) <= 0.01 * exact + 1e-6, `${quantile} s instead of ${exact} s`);
    }),
  );
});

test("LatencyHistogram.add merges histograms exactly", () => {
  fc.assert(
    fc.property(latencies, latencies, (a, b) => {
      const sum = histogramOf(a);
      sum.add(JSON.parse(JSON.stringify(histogramOf(b).toData())));
      assert.deepEqual(sum.toData(), histogramOf([...a, ...b]).toData());
      assert.equal(sum.count, a.length + b.length);
    }),
  );
});

test("LatencyHistogram.countsWithin rises to the total count", () => {
  const histogram = histogramOf([0.0004, 0.003, 0.004, 0.2, 7]);
  assert.deepEqual(histogram.countsWithin([0.001, 0.005, 0.1, 10]), [1, 3, 3, 5]);
});

test("LatencyHistogram counts latencies outside its range in the first and last bucket", () => {
  const histogram = histogramOf([1e9, 0]);
  assert.equal(histogram.count, 2);
  assert.ok((histogram.quantile(1) ?? 0) > 1000);
});

test("LatencyHistogram.quantile is undefined without latencies", () => {
  assert.equal(new LatencyHistogram().quantile(0.5), undefined);
  assert.deepEqual(new LatencyHistogram().countsWithin([1, 2]), [0, 0]);
});
