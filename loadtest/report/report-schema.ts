import { type TSchema, Type } from "@sinclair/typebox";
import { type GateMetric, gateMetrics } from "../../contract/gate-metrics.ts";
import { workloadRoles } from "../../contract/outputs.ts";
import { type FaultName, faults } from "../faults/fault.ts";

const dialect = "https://json-schema.org/draft/2020-12/schema";

const count = (description?: string) => Type.Integer({ minimum: 0, ...(description ? { description } : {}) });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = <const T extends readonly string[]>(...values: T) =>
  Type.Unsafe<T[number]>(Type.Union(values.map((value) => Type.Literal(value))));

/** A number that the program may hold as NaN, which JSON has no word for: there it is null. */
const measured = Type.Unsafe<number>(nullable(Type.Number()));

const gate = Type.Object({
  metric: oneOf(...(Object.keys(gateMetrics) as GateMetric[])),
  subject: Type.String({ description: "The scenario or workload that it is about, or all pods." }),
  unit: oneOf("share", "time", "rate", "count"),
  value: nullable(
    Type.Number({
      description: "Shares 0 … 1, times in ms, rates per second; null when not measured, or endless.",
    }),
  ),
  limit: Type.Number(),
  rule: oneOf("at most", "at least"),
  samples: count("How many requests, memory figures or pods stand behind the value."),
  verdict: oneOf("pass", "fail", "not measured", "invalid"),
  reason: Type.String({ description: "The verdict as one sentence." }),
});

const latency = Type.Object({
  count: count(),
  meanMs: measured,
  p50Ms: measured,
  p75Ms: measured,
  p90Ms: measured,
  p95Ms: measured,
  p99Ms: measured,
  p999Ms: measured,
  maxMs: measured,
  curve: Type.Array(
    Type.Object({ percentile: Type.Number({ minimum: 0, maximum: 100 }), ms: Type.Number() }),
    { description: "For each percentile the latency that so many requests stayed within." },
  ),
});

const stack = Type.Object(
  {
    cacheHitRate: nullable(Type.Number()),
    originReads: nullable(Type.Number()),
    shed: nullable(Type.Number()),
    eventLoopP99Ms: nullable(Type.Number()),
    cpuSeconds: nullable(Type.Number()),
    throttled: Type.Array(Type.Object({ pod: Type.String(), share: Type.Number() })),
  },
  { description: "What the stack told of itself; null where it did not tell." },
);

const scenario = Type.Object({
  scenario: Type.String(),
  about: Type.String(),
  model: oneOf("closed", "fixed rate"),
  offeredPerSecond: nullable(Type.Number({ description: "Null in a closed model." })),
  startedAt: Type.Number({ description: "Milliseconds since 1970." }),
  startSecond: Type.Number({
    description: "Seconds since the run's startedAt at which the measured part began.",
  }),
  durationSeconds: Type.Number(),
  connections: count(),
  sent: count("completed + failed"),
  completed: count("Good answers: 2xx with the right body."),
  failed: count(),
  errors: Type.Object({
    timeouts: count(),
    connection: Type.Record(Type.String(), count(), { description: "By error code." }),
    closed: count("Closed by the server without an answer."),
    status: Type.Record(Type.String(), count(), { description: "Answers outside 2xx, by status." }),
    wrongBody: count(),
    unfinished: count(),
  }),
  failedAtSeconds: Type.Array(Type.Number(), { description: "The first thousands of them." }),
  resent: count(),
  notSent: count("Due at a fixed rate and never sent."),
  requestsPerSecond: Type.Number(),
  latency,
  seconds: Type.Array(
    Type.Object({
      second: Type.Number({ description: "Since the measured part began; negative in the warm-up." }),
      requestsPerSecond: Type.Number(),
      failed: count(),
      p50Ms: nullable(Type.Number()),
      p99Ms: nullable(Type.Number()),
    }),
  ),
  generator: Type.Object({
    threads: count(),
    utilization: Type.Number({ description: "How busy the busiest thread was, 0 … 1." }),
    lagP99Ms: measured,
    lateP99Ms: nullable(Type.Number()),
    backlog: count(),
  }),
  stack: nullable(stack),
  interrupted: Type.Boolean(),
});

const pod = Type.Object({
  uid: Type.String(),
  name: Type.String(),
  workload: Type.String(),
  role: oneOf(...workloadRoles),
  node: Type.String(),
  memoryLimitBytes: Type.Number(),
  appeared: oneOf("before", "during"),
  gone: Type.Boolean(),
  running: Type.Boolean(),
  restarts: count(),
  oomKills: count(),
  readinessFlaps: count(),
  lastEnd: Type.Optional(Type.String()),
  peakBytes: nullable(Type.Number()),
  samples: count(),
  memory: Type.Array(Type.Object({ second: Type.Number(), bytes: Type.Number() })),
});

const event = Type.Object({
  second: Type.Number(),
  kind: oneOf("restart", "oom_kill", "pod_gone", "pod_new", "not_ready", "ready", "fault"),
  pod: Type.String(),
  workload: Type.String(),
  detail: Type.String(),
});

const fault = Type.Object({
  name: oneOf(...faults.map((each) => each.name as FaultName)),
  how: Type.String(),
  pod: nullable(Type.String()),
  atMs: Type.Number({ description: "Milliseconds since 1970." }),
  errorWindow: nullable(
    Type.Object({ fromMs: Type.Number(), toMs: Type.Number() }, { description: "Since the fault." }),
  ),
  failedRequests: count(),
  recoveredMs: nullable(Type.Number({ description: "Since the fault; null when not within the run." })),
  reason: Type.String({ description: "Why it has not recovered." }),
});

const comparison = Type.Object(
  {
    before: Type.Object({
      apiImage: Type.String(),
      savedAt: nullable(
        Type.String({ description: "Of a baseline, ISO 8601; null when both were measured side by side." }),
      ),
    }),
    after: Type.Object({ apiImage: Type.String() }),
    rows: Type.Array(
      Type.Object({
        scenario: Type.String(),
        metric: oneOf("throughput", "p50", "p95", "p99", "CPU per request"),
        ratio: Type.Number({
          description:
            "After over before; against a baseline at equal speed of the machine. 1 is no difference.",
        }),
        low: Type.Number(),
        high: Type.Number(),
        outliers: count(),
        verdict: oneOf("better", "same", "worse"),
      }),
    ),
    notCompared: Type.Array(Type.String()),
  },
  { description: "This run against the baseline of the stack, or one image against another." },
);

/** What `report.json` holds: `RunReport` as JSON tells it. A new field of the one is a new field of the other. */
export const reportSchema = Type.Object(
  {
    schema: Type.Literal(1, {
      description: "Rises when a reader of older reports would misread a newer one.",
    }),
    stack: Type.String(),
    endpoint: Type.String(),
    namespace: Type.String(),
    apiImage: Type.String(),
    startedAt: Type.String({ description: "ISO 8601. All times in seconds count from here." }),
    finishedAt: Type.String({ description: "ISO 8601." }),
    verdict: oneOf("pass", "broken", "invalid", "gate failed"),
    exitCode: Type.Integer(),
    reason: Type.String({ description: "The verdict's reason in one sentence." }),
    problems: Type.Array(Type.String(), { description: "What went wrong with making or measuring the run." }),
    gates: Type.Array(gate),
    connections: count(),
    durationSeconds: Type.Number(),
    warmupSeconds: Type.Number(),
    threads: count(),
    users: count(),
    scenarios: Type.Array(scenario),
    pods: Type.Array(pod),
    events: Type.Array(event),
    fault: nullable(fault),
    comparison: nullable(comparison),
    generator: Type.Object(
      {
        cpus: count(),
        cpuModel: Type.String(),
        memoryBytes: Type.Number(),
        kernel: Type.String(),
        node: Type.String(),
      },
      { description: "The machine that made the load." },
    ),
  },
  { title: "Breakwater load test report" },
);

/** The content of `report.schema.json`: the schema for readers in other languages. */
export function schemaText(): string {
  return `${JSON.stringify({ $schema: dialect, ...reportSchema }, null, 2)}\n`;
}
