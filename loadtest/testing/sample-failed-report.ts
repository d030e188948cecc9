import type { RunReport } from "../report/report-schema.ts";
import type { GateResult } from "../report/schema/gate.ts";
import type { ObservedPod } from "../report/schema/pod.ts";
import { growingPod, sampleGate, sampleReport } from "./sample-report.ts";
import { sampleLoad } from "./samples.ts";

type Scenario = RunReport["scenarios"][number];

const MiB = 1024 ** 2;

/**
 * A sample of a failed run: one API pod ran out of memory, another was replaced, and one gate was not measured.
 */
export function sampleFailedReport(): RunReport {
  const report = sampleReport();
  const [first, second, ...others] = report.pods;
  if (!first || !second) throw new Error("the sample has API pods");
  const failed: Record<string, Partial<GateResult>> = {
    "error_rate mixed": { value: 0.0085, reason: "1,333 × HTTP 502" },
    "memory_peak api": { value: 0.985, reason: `${first.name}: 197 MiB of 200 MiB` },
    "restarts all pods": { value: 1, reason: first.name },
    "oom_kills all pods": { value: 1, reason: `${first.name} (OOMKilled, exit code 137)` },
  };
  const gates = report.gates.map((each): GateResult => {
    const more = failed[`${each.metric} ${each.subject}`];
    if (!more) return each;
    const { metric, subject } = each;
    return {
      ...each,
      ...more,
      verdict: "fail",
      reason: `${metric} of ${subject} is too high: ${more.reason}`,
    };
  });
  const unmeasured = sampleGate({
    metric: "p99",
    subject: "writes",
    unit: "time",
    value: null,
    limit: 250,
    samples: 0,
    verdict: "not measured",
    reason: "p99 of writes was not measured, at most 250.0 ms is allowed",
  });
  const killedAt = 84;
  const how = `${first.name} allocated more than its limit`;
  const late: ObservedPod = {
    ...growingPod("api-8c665bc88-x2v4k", "api", 200, 58, 70),
    appeared: "during",
    memory: second.memory.filter((each) => each.second >= 94),
  };
  return {
    ...report,
    verdict: "gate failed",
    exitCode: 99,
    reason: gates.find(({ verdict }) => verdict === "fail")?.reason ?? "",
    problems: [`no memory sample of ${second.name} for 12 s while it was running`],
    gates: [...gates, unmeasured],
    scenarios: [...report.scenarios.map((load) => dipped(load, killedAt)), unanswered()],
    pods: [
      {
        ...first,
        oomKills: 1,
        restarts: 1,
        lastEnd: "OOMKilled, exit code 137",
        peakBytes: 197 * MiB,
        memory: first.memory.map(({ second, bytes }) => ({
          second,
          bytes: second < 60 || second > killedAt ? bytes : bytes + (second - 60) * 4.4 * MiB,
        })),
      },
      { ...second, gone: true, running: false, memory: second.memory.filter((each) => each.second < 90) },
      ...others,
      late,
    ],
    events: [
      { second: killedAt - 1, kind: "fault", pod: first.name, workload: "", detail: how },
      { second: killedAt, kind: "oom_kill", ...of(first), detail: "api: OOMKilled, exit code 137" },
      { second: killedAt + 1, kind: "restart", ...of(first), detail: "api: Error, exit code 1" },
      {
        second: killedAt + 1,
        kind: "not_ready",
        ...of(first),
        detail: "containers with unready status: [api]",
      },
      { second: killedAt + 5, kind: "ready", ...of(first), detail: "all its containers are ready" },
      { second: 92, kind: "pod_gone", ...of(second), detail: "deleted, evicted or replaced" },
      { second: 94, kind: "pod_new", ...of(late), detail: "appeared" },
    ],
    fault: {
      name: "oom-api",
      how,
      pod: first.name,
      atMs: Date.parse(report.startedAt) + (killedAt - 1) * 1000,
      errorWindow: { fromMs: 900, toMs: 4100 },
      failedRequests: 1333,
      recoveredMs: 6200,
      outcome: "recovered",
      reason: "",
      p99CalmMs: 5000,
    },
  };
}

function of({ name, workload }: ObservedPod): { pod: string; workload: string } {
  return { pod: name, workload };
}

/** The scenario with a dip and failures in the seconds after `second` of the run. */
function dipped(load: Scenario, second: number): Scenario {
  const seconds = load.seconds.map((each) => {
    const after = load.startSecond + each.second - second;
    if (after < 0 || after > 3) return each;
    return {
      ...each,
      requestsPerSecond: Math.round(each.requestsPerSecond * (0.35 + after / 6)),
      failed: Math.round(640 / (after + 1)),
      p99Ms: (each.p99Ms ?? 0) * (4 - after),
    };
  });
  const failed = seconds.reduce((sum, each) => sum + each.failed, 0);
  return {
    ...load,
    seconds,
    failed,
    sent: load.completed + failed,
    errors: { ...load.errors, status: failed ? { 502: failed } : {} },
  };
}

/** A scenario without a response: its latencies are NaN. */
function unanswered(): Scenario {
  const { count: _, curve: __, ...times } = sampleLoad().latency;
  const noTimes = Object.fromEntries(Object.keys(times).map((name) => [name, Number.NaN])) as typeof times;
  return {
    ...sampleLoad({ scenario: "writes", sent: 32, completed: 0, failed: 32, requestsPerSecond: 0 }),
    latency: { ...noTimes, count: 0, curve: [] },
    errors: { ...sampleLoad().errors, timeouts: 32 },
    seconds: [{ second: 1, requestsPerSecond: 0, failed: 32, p50Ms: null, p99Ms: null }],
    durationSeconds: 2,
    about: "PUT /api/users/:id",
    turn: null,
    startSecond: 102,
    stack: null,
  };
}
