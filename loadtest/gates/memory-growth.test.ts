import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../measure/random.ts";
import { samplePod } from "../testing/samples.ts";
import { judgeGates } from "./judge-gates.ts";
import { memoryGrowth } from "./memory-growth.ts";

const MiB = 1024 ** 2;

/** Working set of a heap that settles at `level` and saws by 12 MiB, with what leaks on top; one figure a second. */
function memory(seconds: number, leakPerSecond: number, level = 80 * MiB, seed = 1) {
  const random = seededRandom(seed);
  return Array.from({ length: seconds }, (_, second) => ({
    second,
    bytes:
      level * (1 - 0.3 * Math.exp(-second / (seconds / 20))) +
      ((second % 5) / 5) * 12 * MiB +
      random() * MiB +
      second * leakPerSecond,
  }));
}
const pod = (leakPerSecond: number, seconds = 60, seed = 1) =>
  samplePod({ memory: memory(seconds, leakPerSecond, 80 * MiB, seed) });
const verdicts = (...pods: ReturnType<typeof pod>[]) =>
  judgeGates([{ metric: "memory_time_to_limit", limit: 15 * 60_000 }], [], pods).map(
    ({ subject, verdict }) => `${subject} ${verdict}`,
  );

test("a heap that settles and saws reaches no limit, whatever the noise", () => {
  for (let seed = 1; seed <= 50; seed++) {
    assert.deepEqual(verdicts(pod(0, 60, seed)), ["api pass"], `seed ${seed}`);
  }
});

test("memory that parts take when they are first asked reaches no limit", () => {
  const thread = (second: number) => (second >= 26 ? 11 * MiB : 0);
  const upload = (second: number) => (second >= 48 ? 8 * MiB : 0);
  for (let seed = 1; seed <= 50; seed++) {
    const stepped = memory(60, 0, 60 * MiB, seed).map(({ second, bytes }) => ({
      second,
      bytes: bytes + thread(second) + upload(second),
    }));
    assert.deepEqual(verdicts(samplePod({ memory: stepped })), ["api pass"], `seed ${seed}`);
  }
});

test("one kilobyte for each of 300 requests a second is caught every time, with the pod and its growth", () => {
  for (let seed = 1; seed <= 50; seed++) {
    assert.deepEqual(verdicts(pod(300 * 1024, 60, seed)), ["api fail"], `seed ${seed}`);
  }
  const growth = memoryGrowth(pod(300 * 1024));
  assert.ok(growth && growth.low < 300 * 1024 && growth.high > 300 * 1024, JSON.stringify(growth));
});

test("growth outside the time of one load does not count, growth in it does", () => {
  const period = { fromSecond: 20, toSecond: 80 };
  const samples = memory(100, 0, 80 * MiB);
  const growing = (from: number, to: number) =>
    samplePod({
      memory: samples.map(({ second, bytes }) => ({
        second,
        bytes: bytes + 0.5 * MiB * (Math.min(Math.max(second, from), to) - from),
      })),
    });
  const sure = (pod: ReturnType<typeof growing>) => memoryGrowth(pod, period)?.low ?? Number.NaN;
  assert.ok(sure(growing(80, 100)) <= 0);
  assert.ok(sure(growing(20, 80)) > 0.3 * MiB);
});

test("memory that is given back meanwhile does not hide a leak", () => {
  const given = (leakPerSecond: number) =>
    Array.from({ length: 52 }, (_, second) => ({
      second,
      bytes: (second < 22 ? 86 : 76) * MiB + leakPerSecond * Math.max(0, second - 8),
    }));
  assert.deepEqual(verdicts(samplePod({ memory: given(400 * 1024) })), ["api fail"]);
  assert.deepEqual(verdicts(samplePod({ memory: given(0) })), ["api pass"]);
});

test("the pod that is nearest to its limit counts", () => {
  const [gate] = judgeGates(
    [{ metric: "memory_time_to_limit", limit: 1 }],
    [],
    [pod(0), { ...pod(300 * 1024), name: "api-2" }],
  );
  assert.match(gate?.reason ?? "", /api-2 grows by \d+ KiB\/s/);
});

test("a run too short to tell has no such gate", () => {
  assert.deepEqual(verdicts(pod(300 * 1024, 20)), []);
});
