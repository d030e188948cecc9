import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../measure/random.ts";
import { samplePod } from "../testing/samples.ts";
import { judgeGates } from "./judge-gates.ts";
import { memoryGrowth } from "./memory-growth.ts";

const MiB = 1024 ** 2;

/** Working set of a heap that settles at `level`, with a sawtooth of 12 MiB and a leak; one sample a second. */
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

test("memory_time_to_limit passes a heap that settles, with any noise", () => {
  for (let seed = 1; seed <= 50; seed++) {
    assert.deepEqual(verdicts(pod(0, 60, seed)), ["api pass"], `seed ${seed}`);
  }
});

test("memory_time_to_limit passes single steps of memory", () => {
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

test("memory_time_to_limit fails a leak of 1 KiB per request at 300 requests a second, every time", () => {
  for (let seed = 1; seed <= 50; seed++) {
    assert.deepEqual(verdicts(pod(300 * 1024, 60, seed)), ["api fail"], `seed ${seed}`);
  }
  const growth = memoryGrowth(pod(300 * 1024));
  assert.ok(growth && growth.low < 300 * 1024 && growth.high > 300 * 1024, JSON.stringify(growth));
});

test("memoryGrowth counts only growth within the period", () => {
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

test("memory_time_to_limit fails a leak although memory was freed in the first half", () => {
  const given = (leakPerSecond: number) =>
    Array.from({ length: 52 }, (_, second) => ({
      second,
      bytes: (second < 22 ? 86 : 76) * MiB + leakPerSecond * Math.max(0, second - 8),
    }));
  assert.deepEqual(verdicts(samplePod({ memory: given(400 * 1024) })), ["api fail"]);
  assert.deepEqual(verdicts(samplePod({ memory: given(0) })), ["api pass"]);
});

test("memory_time_to_limit reports the pod that reaches its limit first", () => {
  const [gate] = judgeGates(
    [{ metric: "memory_time_to_limit", limit: 1 }],
    [],
    [pod(0), { ...pod(300 * 1024), name: "api-2" }],
  );
  assert.match(gate?.reason ?? "", /api-2 grows by \d+ KiB\/s/);
});

test("judgeGates has no memory_time_to_limit row when the run is too short", () => {
  assert.deepEqual(verdicts(pod(300 * 1024, 20)), []);
});
