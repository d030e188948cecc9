import assert from "node:assert/strict";
import { test } from "node:test";
import type { GateMetricOf } from "../../contract/gate-metrics.ts";
import { sampleLoad, samplePod } from "../testing/samples.ts";
import { scenarioMeasures, workloadMeasures } from "./metrics.ts";

const load = sampleLoad({
  sent: 2000,
  completed: 1990,
  failed: 10,
  errors: { ...sampleLoad().errors, timeouts: 4, status: { 503: 6 } },
});
const scenarioValues: Record<GateMetricOf<"scenario">, number> = {
  p50: 1.5,
  p75: 2,
  p90: 3,
  p95: 4,
  p99: 9,
  "p99.9": 12,
  mean: 2,
  max: 15,
  error_rate: 0.005,
  non_2xx_rate: 0.003,
  timeout_rate: 0.002,
  throughput: 1000,
  samples: 1990,
};
for (const [metric, value] of Object.entries(scenarioValues)) {
  test(`${metric} of a scenario is ${value}`, () => {
    assert.equal(scenarioMeasures[metric as GateMetricOf<"scenario">](load).value, value);
  });
}

const minute = Array.from({ length: 60 }, (_, second) => ({ second, bytes: 100e6 + second * 1e6 }));
const pods = [
  samplePod({ restarts: 2, oomKills: 1, readinessFlaps: 3, memory: minute }),
  samplePod({ uid: "uid-2", gone: true, restarts: 1, peakBytes: 150 * 1024 ** 2 }),
];
const workloadValues: Record<GateMetricOf<"workload">, number> = {
  memory_peak: 0.75,
  memory_time_to_limit: 50_715.2,
  restarts: 3,
  oom_kills: 1,
  pods_replaced: 1,
  readiness_flaps: 3,
};
for (const [metric, value] of Object.entries(workloadValues)) {
  test(`${metric} of two pods is ${value}`, () => {
    const measurement = workloadMeasures[metric as GateMetricOf<"workload">](pods);
    assert.equal(Math.round((measurement?.value ?? Number.NaN) * 1000), value * 1000);
  });
}

test("memory_peak compares each container with its own limit", () => {
  const MiB = 1024 ** 2;
  const sidecar = { name: "rejoin", memoryLimitBytes: 32 * MiB, peakBytes: 31 * MiB, samples: 2, memory: [] };
  const pod = samplePod({ peakBytes: 100 * MiB, sidecars: [sidecar] });
  const { value, detail } = workloadMeasures.memory_peak([pod]) ?? {};
  assert.deepEqual([value, detail], [31 / 32, "rejoin in api-1: 31 MiB of 32 MiB"]);
  const unlimited = samplePod({ peakBytes: 100 * MiB, sidecars: [{ ...sidecar, memoryLimitBytes: null }] });
  assert.equal(workloadMeasures.memory_peak([unlimited])?.value, 0.5);
});
