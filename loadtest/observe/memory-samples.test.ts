import assert from "node:assert/strict";
import { test } from "node:test";
import { longestGapMs, MemorySamples, memoryReadings } from "./memory-samples.ts";

const container = (bytes: number | undefined, seconds: number) => ({
  memory: {
    time: new Date(seconds * 1000).toISOString(),
    ...(bytes === undefined ? {} : { workingSetBytes: bytes }),
  },
});
const running = new Set(["a"]);

test("a pod's reading is the sum of its containers, as old as the oldest of them", () => {
  const readings = memoryReadings({
    pods: [{ podRef: { uid: "a" }, containers: [container(100, 20), container(50, 10)] }],
  });
  assert.deepEqual(readings, [{ uid: "a", takenMs: 10_000, bytes: 150 }]);
});

test("a missing figure is no reading, not a zero", () => {
  const pods = [
    { podRef: { uid: "a" }, containers: [container(100, 1), container(undefined, 1)] },
    { podRef: { uid: "b" }, containers: [{}] },
    { podRef: { uid: "c" }, containers: [] },
    { podRef: { uid: "d" } },
  ];
  assert.deepEqual(memoryReadings({ pods }), []);
  assert.deepEqual(memoryReadings({}), []);
});

test("a figure that is only repeated is one sample, and the peak is the highest", () => {
  const samples = new MemorySamples();
  samples.add([{ uid: "a", takenMs: 1, bytes: 70 }], running, 1000);
  samples.add([{ uid: "a", takenMs: 1, bytes: 70 }], running, 2000);
  samples.add([{ uid: "a", takenMs: 2, bytes: 90 }], running, 3000);
  samples.add([{ uid: "a", takenMs: 3, bytes: 80 }], running, 4000);
  assert.equal(samples.readings("a").length, 3);
  assert.equal(samples.peakBytes("a"), 90);
  assert.equal(samples.peakBytes("never seen"), undefined);
});

test("a running pod whose figure stands still is a gap", () => {
  const samples = new MemorySamples();
  for (let ms = 0; ms <= longestGapMs + 1000; ms += 1000)
    samples.add([{ uid: "a", takenMs: 1, bytes: 70 }], running, ms);
  assert.equal(samples.worstGapMs("a"), longestGapMs + 1000);
});

test("a running pod without any figure is a gap, and one that does not run is none", () => {
  const samples = new MemorySamples();
  samples.add([], running, 0);
  samples.add([], running, 30_000);
  assert.equal(samples.worstGapMs("a"), 30_000);

  const restarting = new MemorySamples();
  restarting.add([{ uid: "a", takenMs: 1, bytes: 70 }], running, 0);
  restarting.add([], new Set(), 30_000);
  restarting.add([], running, 31_000);
  assert.equal(restarting.worstGapMs("a"), 1000);
});
