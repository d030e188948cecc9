import { buildCapacityReport, type CapacityInput } from "../report/build-report.ts";
import type { CapacityReport } from "../report/schema.ts";
import { resultsOf } from "../search/campaign.ts";
import type { MeasuredStep } from "../search/step.ts";
import type { Wish } from "../sizing/sizing.ts";
import type { StepMetrics } from "../sizing/step-metrics.ts";
import { samplePlan, simulate } from "./simulated-stack.ts";

/** Metrics of a stack that is far from its limits. @param more replaces fields */
export function sampleMetrics(more: Partial<StepMetrics> = {}): StepMetrics {
  return {
    cpu: [
      { role: "api", pods: 2, cores: 0.8, busiestCores: 0.4, limitCores: 1 },
      { role: "nginx", pods: 2, cores: 0.4, busiestCores: 0.2, limitCores: 1 },
      { role: "redis", pods: 3, cores: 0.3, busiestCores: 0.1, limitCores: 0.5 },
      { role: "database", pods: 1, cores: 0.2, busiestCores: 0.2, limitCores: 1 },
    ],
    node: { name: "node-1", cores: 2, ofCores: 8 },
    apiThrottled: 0,
    eventLoopP99Ms: 12,
    databasePool: { used: 3, total: 8, waiting: 0 },
    shed: 0,
    ...more,
  };
}

/** What a simulated run differs in. */
export interface SampleRun {
  pods?: number[];
  rounds?: number;
  wish?: Wish;
}

/** The report of a simulated run. */
export function sampleCapacityReport(run: SampleRun = {}): CapacityReport {
  return buildCapacityReport(sampleInput(run));
}

/** The measurements of a simulated run. */
export function sampleInput({ pods = [1, 2, 3], rounds = 3, wish }: SampleRun = {}): CapacityInput {
  const plan = samplePlan({ pods, rounds });
  const law = { lambda: 400, sigma: 0.06, kappa: 0.005 };
  const steps = simulate(plan, { law, noise: 0.02, invalid: 0.05 }).map(
    (step, index): MeasuredStep => ({
      ...step,
      reason:
        step.verdict === "fail" ? "p99 of write-mix is 400 ms, at most 250 ms is allowed" : "8 gates passed",
      p99Ms: step.verdict === "fail" ? 400 : 40,
      startedMs: 1_800_000_000_000 + index * 20_000,
      tookSeconds: 19,
      metrics: sampleMetrics({
        cpu: [{ role: "api", pods: step.pods, cores: 0.95 * step.pods, busiestCores: 0.97, limitCores: 1 }],
      }),
    }),
  );
  return {
    stack: "local",
    endpoint: "http://127.0.0.1:30080",
    namespace: "breakwater-local",
    apiImage: "localhost:5000/breakwater/api:1",
    startedAt: "2026-11-28T00:00:00.000Z",
    scenario: { name: "write-mix", about: "reads & writes" },
    precision: plan.search.precision,
    durationSeconds: 10,
    warmupSeconds: 2,
    connections: 32,
    gates: [
      { metric: "p99", limit: 250 },
      { metric: "error_rate", limit: 0, scenario: "write-mix" },
    ],
    steps,
    searches: resultsOf(plan, steps),
    wish,
    present: [
      { role: "api", replicas: 2, limitCores: 1 },
      { role: "nginx", replicas: 2, limitCores: 1 },
    ],
  };
}
