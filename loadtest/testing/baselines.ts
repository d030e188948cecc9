import type { Baseline, ComparableSettings, Repeat } from "../compare/baseline.ts";

/** Sample repeats that differ by 1 % at most, each value multiplied by its factor. */
export function sampleRepeats(factors: Partial<Repeat> = {}, count = 8): Repeat[] {
  return Array.from({ length: count }, (_, at): Repeat => {
    const noise = 1 + 0.01 * Math.sin(3 * at + 1);
    return {
      calibration: 30_000 * (factors.calibration ?? 1),
      throughput: 1000 * noise * (factors.throughput ?? 1),
      p50Ms: 5 * noise * (factors.p50Ms ?? 1),
      p95Ms: 12 * noise * (factors.p95Ms ?? 1),
      p99Ms: 20 * noise * (factors.p99Ms ?? 1),
    };
  });
}

/** A sample baseline of one scenario. @param more replaces fields */
export function sampleBaseline(more: Partial<Baseline> = {}): Baseline {
  return {
    schema: 2,
    stack: "local",
    savedAt: "2026-01-01T00:00:00.000Z",
    apiImage: "localhost:5000/breakwater/api:1",
    machine: { cpuModel: "CPU A", cpus: 2, memoryGiB: 8, kernel: "6.1.0", node: "v24.0.0" },
    plan: samplePlan(),
    scenarios: [{ scenario: "light", repeats: sampleRepeats() }],
    ...more,
  };
}

/** Sample settings of a baseline. @param more replaces fields */
export function samplePlan(more: Partial<ComparableSettings> = {}): ComparableSettings {
  return {
    connections: 8,
    durationSeconds: 10,
    warmupSeconds: 2,
    users: 10,
    endpoint: "http://127.0.0.1:30080",
    threads: 1,
    keepAlive: true,
    pools: ["api"],
    ...more,
  };
}
