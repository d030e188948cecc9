import type { RunReport } from "../report/report-schema.ts";
import type { GateResult } from "../report/schema/gate.ts";
import type { ObservedPod } from "../report/schema/pod.ts";
import { sampleLoad, samplePod } from "./samples.ts";

type Scenario = RunReport["scenarios"][number];

const MiB = 1024 ** 2;
const startedMs = Date.UTC(2026, 0, 15, 9, 30);
const lastSecond = 105;

/** Mean values of a scenario. */
interface Level {
  scenario: string;
  about: string;
  startSecond: number;
  perSecond: number;
  p50Ms: number;
  /** Milliseconds at the 99th percentile. */
  p99Ms: number;
}

const levels: Level[] = [
  {
    scenario: "light",
    about: "GET /api/light: the stack's own overhead",
    startSecond: 5,
    perSecond: 15_400,
    p50Ms: 1.6,
    p99Ms: 8.2,
  },
  {
    scenario: "cached-read",
    about: "GET /api/users/:id, Zipf keys, through the cache",
    startSecond: 38,
    perSecond: 8000,
    p50Ms: 3.4,
    p99Ms: 14.8,
  },
  {
    scenario: "mixed",
    about: "70 % light, 20 % cached reads, 9 % writes, 1 % CPU-heavy",
    startSecond: 71,
    perSecond: 5200,
    p50Ms: 4.4,
    p99Ms: 27.9,
  },
];

/** A sample of a run that passed on the embedded cluster: three scenarios, eleven pods. It is always the same. */
export function sampleReport(more: Partial<RunReport> = {}): RunReport {
  const gates = [
    ...levels.flatMap(({ scenario, perSecond, p99Ms }) => [
      sampleGate({ metric: "error_rate", subject: scenario, samples: perSecond * 30 }),
      sampleGate({
        metric: "p99",
        subject: scenario,
        unit: "time",
        value: p99Ms,
        limit: 250,
        samples: perSecond * 30,
      }),
    ]),
    ...["api", "nginx", "redis", "database"].map((subject) =>
      sampleGate({ metric: "memory_peak", subject, value: 0.47, limit: 0.95, samples: 105 }),
    ),
    sampleGate({ metric: "restarts", subject: "all pods", unit: "count", samples: 11 }),
    sampleGate({ metric: "oom_kills", subject: "all pods", unit: "count", samples: 11 }),
  ];
  return {
    schema: 1,
    stack: "local",
    endpoint: "http://127.0.0.1:30080",
    namespace: "breakwater-local",
    apiImage: "localhost:5000/breakwater/api:c0c4c3924f",
    startedAt: new Date(startedMs).toISOString(),
    finishedAt: new Date(startedMs + lastSecond * 1000).toISOString(),
    verdict: "pass",
    exitCode: 0,
    reason: `${gates.length} gates passed`,
    problems: [],
    gates,
    connections: 32,
    durationSeconds: 30,
    warmupSeconds: 3,
    threads: 1,
    users: 5000,
    keepAlive: true,
    scenarios: levels.map((level) => scenarioOf(level)),
    pods: [
      ...["7kfl7", "n5rz7", "t4thr"].map((id, at) =>
        growingPod(`api-8c665bc88-${id}`, "api", 200, 62 + at, 94),
      ),
      growingPod("nginx-8798b68d7-c8mrt", "nginx", 64, 6, 7),
      ...[0, 1, 2, 3, 4, 5].map((at) => growingPod(`redis-${at}`, "redis", 64, 6.8 + at / 5, 9)),
      growingPod("database-0", "database", 256, 48, 61),
    ],
    events: [],
    fault: null,
    comparison: null,
    savedBaseline: null,
    generator: {
      cpus: 4,
      cpuModel: "Intel(R) Xeon(R) Processor",
      memoryBytes: 16 * 1024 * MiB,
      kernel: "Linux 6.12.48",
      node: "v24.11.1",
    },
    ...more,
  };
}

/** A gate that passed. @param more replaces fields */
export function sampleGate(more: Partial<GateResult> & Pick<GateResult, "metric" | "subject">): GateResult {
  return {
    unit: "share",
    value: 0,
    limit: 0,
    rule: "at most",
    samples: 1000,
    expected: 0,
    verdict: "pass",
    reason: `${more.metric} of ${more.subject} is within its limit`,
    ...more,
  };
}

/** −1 … 1, without a visible period. */
function swing(at: number): number {
  return (Math.sin(at * 1.7) + Math.sin(at * 0.61 + 2) + Math.sin(at * 3.3 + 1)) / 3;
}

function scenarioOf({ scenario, about, startSecond, perSecond, p50Ms, p99Ms }: Level): Scenario {
  const completed = perSecond * 30;
  const steps = Math.floor(10 * Math.log10(completed));
  // Straight lines through median and 99th percentile on a log-log plot.
  const steepness = Math.log(p99Ms / p50Ms) / Math.log(50);
  const at = (factor: number) => Math.min(p50Ms * (factor / 2) ** steepness, p99Ms * 4.5);
  const curve = Array.from({ length: steps + 1 }, (_, step) => ({
    percentile: 100 * (1 - 10 ** (-step / 10)),
    ms: at(10 ** (step / 10)) * (1 + swing(step) / 25),
  })).sort((a, b) => a.percentile - b.percentile);
  let most = 0;
  for (const point of curve) most = point.ms = Math.max(most, point.ms);
  return {
    turn: null,
    ...sampleLoad({
      scenario,
      startedAt: startedMs + startSecond * 1000,
      durationSeconds: 30,
      connections: 32,
      sent: completed,
      completed,
      requestsPerSecond: perSecond,
      latency: {
        ...sampleLoad().latency,
        count: completed,
        meanMs: p50Ms * 1.2,
        p50Ms,
        p95Ms: at(20),
        p99Ms,
        p999Ms: at(1000),
        maxMs: most,
        curve,
      },
      seconds: Array.from({ length: 30 }, (_, index) => ({
        second: index + 1,
        requestsPerSecond: Math.round(perSecond * (1 + swing(index + startSecond) / 14)),
        failed: 0,
        p50Ms: p50Ms * (1 - swing(index + startSecond) / 16),
        p99Ms: p99Ms * (1 - swing(index * 1.3 + startSecond) / 4),
      })),
    }),
    about,
    startSecond,
    stack: {
      cacheHitRate: scenario === "light" ? null : 0.97,
      originReads: scenario === "light" ? 0 : Math.round(completed * 0.03),
      shed: 0,
      eventLoopP99Ms: 12.4,
      cpuSeconds: 48.6,
      throttled: [],
    },
  };
}

/** A pod whose memory grows from `from` to `to` MiB. */
export function growingPod(
  name: string,
  role: ObservedPod["role"],
  limit: number,
  from: number,
  to: number,
): ObservedPod {
  const memory = Array.from({ length: lastSecond / 5 }, (_, index) => {
    const second = index * 5 + 1;
    const mib = from + (to - from) * Math.min(1, second / 60) * (1 + swing(index + from) / 20);
    return { second, bytes: Math.round(mib * MiB) };
  });
  const peakBytes = Math.max(...memory.map((each) => each.bytes));
  return samplePod({
    uid: `uid-${name}`,
    name,
    workload: role,
    role,
    memoryLimitBytes: limit * MiB,
    peakBytes,
    samples: memory.length,
    memory,
    sidecars: [],
  });
}

/** A sample comparison in which one metric is better. */
export function sampleComparison(): NonNullable<RunReport["comparison"]> {
  return {
    before: { apiImage: "localhost:5000/breakwater/api:1", savedAt: "2026-01-14T09:30:00.000Z" },
    after: { apiImage: "localhost:5000/breakwater/api:2" },
    rows: [
      { scenario: "light", metric: "p50", ratio: 1.01, low: 0.97, high: 1.05, outliers: 0, verdict: "same" },
      {
        scenario: "light",
        metric: "throughput",
        ratio: 1.12,
        low: 1.08,
        high: 1.17,
        outliers: 1,
        verdict: "better",
      },
    ],
    notCompared: ["writes"],
  };
}
