import assert from "node:assert/strict";
import { test } from "node:test";
import { calibrate, calibrationOf } from "./calibration.ts";

const part = (requests: number, rounds: number, cpuSeconds = 0.1) => ({
  requestsPerCpuSecond: requests,
  roundsPerCpuSecond: rounds,
  cpuSeconds,
  wallSeconds: 0.1,
});

test("calibrationOf takes the geometric mean of two medians, so that one disturbed part does not count", () => {
  const parts = [part(90, 39), part(100, 40), part(1, 1, 0.01), part(101, 41), part(110, 500)];
  assert.deepEqual(calibrationOf(parts), {
    speed: Math.sqrt(100 * 40),
    requestsPerCpuSecond: 100,
    roundsPerCpuSecond: 40,
    cpuShare: 1,
  });
  assert.equal(calibrationOf([part(10, 10), part(20, 10)]).requestsPerCpuSecond, 15);
});

test("calibrate returns positive numbers", async () => {
  const { speed, requestsPerCpuSecond, roundsPerCpuSecond, cpuShare } = await calibrate();
  for (const value of [speed, requestsPerCpuSecond, roundsPerCpuSecond, cpuShare]) {
    assert.ok(value > 0 && Number.isFinite(value), `${value}`);
  }
});
