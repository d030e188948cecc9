import assert from "node:assert/strict";
import { test } from "node:test";
import { longestGapMs, MemorySamples, memoryReadings } from "./memory-samples.ts";

const container = (bytes: number | undefined, seconds: number, name = "api") => ({
  name,
  memory: {
    time: new Date(seconds * 1000).toISOString(),
    ...(bytes === undefined ? {} : { workingSetBytes: bytes }),
  },
});
const running = new Set(["a"]);

test("memoryReadings has a reading for each container of a pod", () => {
  const readings = memoryReadings({
    pods: [{ podRef: { uid: "a" }, containers: [container(100, 20), container(50, 10, "sidecar")] }],
  });
  assert.deepEqual(readings, [
    { key: "a/api", takenMs: 20_000, bytes: 100 },
    { key: "a/sidecar", takenMs: 10_000, bytes: 50 },
  ]);
});

test("memoryReadings has no reading when a value is missing", () => {
  const pods = [
    { podRef: { uid: "a" }, containers: [container(undefined, 1)] },
    { podRef: { uid: "b" }, containers: [{ name: "api" }] },
    { podRef: { uid: "c" }, containers: [] },
    { podRef: { uid: "d" } },
  ];
  assert.deepEqual(memoryReadings({ pods }), []);
  assert.deepEqual(memoryReadings({}), []);
});

test("MemorySamples ignores repeated values and returns the peak", () => {
  const samples = new MemorySamples();
  samples.add([{ key: "a", takenMs: 1, bytes: 70 }], running, 1000);
  samples.add([{ key: "a", takenMs: 1, bytes: 70 }], running, 2000);
  samples.add([{ key: "a", takenMs: 2, bytes: 90 }], running, 3000);
  samples.add([{ key: "a", takenMs: 3, bytes: 80 }], running, 4000);
  assert.equal(samples.readings("a").length, 3);
  assert.equal(samples.peakBytes("a"), 90);
  assert.equal(samples.peakBytes("never seen"), undefined);
});

test("MemorySamples has a gap when the value of a running pod stays the same", () => {
  const samples = new MemorySamples();
  for (let ms = 0; ms <= longestGapMs + 1000; ms += 1000)
    samples.add([{ key: "a", takenMs: 1, bytes: 70 }], running, ms);
  assert.equal(samples.worstGapMs("a"), longestGapMs + 1000);
});

test("MemorySamples has a gap for a running pod without a value, and none for a pod that does not run", () => {
  const samples = new MemorySamples();
  samples.add([], running, 0);
  samples.add([], running, 30_000);
  assert.equal(samples.worstGapMs("a"), 30_000);

  const restarting = new MemorySamples();
  restarting.add([{ key: "a", takenMs: 1, bytes: 70 }], running, 0);
  restarting.add([], new Set(), 30_000);
  restarting.add([], running, 31_000);
  assert.equal(restarting.worstGapMs("a"), 1000);
});
