import { type Static, Type } from "@sinclair/typebox";
import { count, measured, nullable, oneOf } from "./parts.ts";

export const latencySchema = Type.Object(
  {
    count: count(),
    meanMs: measured(),
    p50Ms: measured(),
    p75Ms: measured(),
    p90Ms: measured(),
    p95Ms: measured(),
    p99Ms: measured(),
    p999Ms: measured(),
    maxMs: measured(),
    curve: Type.Array(
      Type.Object({ percentile: Type.Number({ minimum: 0, maximum: 100 }), ms: Type.Number() }),
      { description: "For each percentile, the latency that this share of the requests stayed within." },
    ),
  },
  {
    description:
      "Of good responses, and of requests without a response in time, which count as the time-out at least.",
  },
);

const errors = Type.Object(
  {
    timeouts: count(),
    connection: Type.Record(Type.String(), count(), {
      description: "The connection failed before the response, by error code, e.g. ECONNRESET.",
    }),
    closed: count("The server closed the connection without a response and without announcing it."),
    status: Type.Record(Type.String(), count(), { description: "Responses outside 2xx, by status." }),
    wrongBody: count("2xx responses with a wrong body, or with the ID of another request."),
    unfinished: count("Sent, and still without a response when the run ended."),
  },
  { description: "Requests without a good response, by cause. The classes sum to `failed`." },
);

const second = Type.Object({
  second: Type.Number({
    description: "Seconds since the measured part began, at the end of this second; negative in the warm-up.",
  }),
  requestsPerSecond: Type.Number({ description: "Responses of any kind in this second." }),
  failed: count(),
  p50Ms: nullable(Type.Number()),
  p99Ms: nullable(Type.Number()),
});

const badLatency = Type.Object(
  { count: count(), p50Ms: measured(), p99Ms: measured(), maxMs: measured() },
  {
    description: "Latency of complete responses that were not good, such as refusals; not part of `latency`.",
  },
);

const generator = Type.Object(
  {
    threads: count(),
    utilization: Type.Number({ description: "How busy the event loop of the busiest thread was, 0 … 1." }),
    lagP99Ms: measured("99th percentile of the delay of the event loop."),
    lateP50Ms: nullable(
      Type.Number({ description: "At a fixed rate: median time from a request's due time to its sending." }),
    ),
    lateP99Ms: nullable(
      Type.Number({
        description: "At a fixed rate: 99th percentile of the time from a request's due time to its sending.",
      }),
    ),
    backlog: count("At a fixed rate: due requests that waited for a free connection at the end."),
  },
  { description: "Load of the generator itself. When it was the limit, the values are partly its own." },
);

const loadFields = {
  scenario: Type.String(),
  model: oneOf(["closed", "fixed rate"]),
  offeredPerSecond: nullable(
    Type.Number({ description: "Requests per second that were due; null in a closed model." }),
  ),
  startedAt: Type.Number({ description: "Start of the measured part, in milliseconds since 1970." }),
  durationSeconds: Type.Number(),
  connections: count(),
  sent: count(
    "completed + failed, also the requests in notSent; requests of the warm-up are in none of the counts.",
  ),
  completed: count("Good responses: 2xx with the right body."),
  failed: count(),
  errors,
  failedAtSeconds: Type.Array(Type.Number(), {
    description: "Seconds since the start at which requests failed; the first thousands of them.",
  }),
  resent: count(
    "Requests written into a connection whose close the server had announced; they do not count as sent.",
  ),
  notSent: count(
    "Time-outs of requests that were due at a fixed rate and never sent, because no connection was free.",
  ),
  requestsPerSecond: Type.Number({
    description:
      "Good responses within the measured time, per second of it, also to requests of the warm-up.",
  }),
  latency: latencySchema,
  badLatency,
  seconds: Type.Array(second),
  generator,
  interrupted: Type.Boolean({ description: "Stopped before its time." }),
};

const stack = Type.Object(
  {
    cacheHitRate: nullable(
      Type.Number({ description: "Reads answered from the cache, 0 … 1 of all reads through the cache." }),
    ),
    originReads: nullable(
      Type.Number({ description: "Reads of the database for the cache; several requests may share one." }),
    ),
    shed: nullable(
      Type.Number({ description: "Requests that the API itself refused with 503 because of load." }),
    ),
    eventLoopP99Ms: nullable(
      Type.Number({ description: "99th percentile of the event-loop delay in the worst API pod." }),
    ),
    cpuSeconds: nullable(Type.Number({ description: "CPU time of all API pods together." })),
    throttled: Type.Array(Type.Object({ pod: Type.String(), share: Type.Number() }), {
      description: "Pods slowed down by their CPU limit, worst first: share of the 100 ms periods, 0 … 1.",
    }),
  },
  {
    description:
      "What the stack's own metrics show about the scenario, warm-up included; null where a metric is missing.",
  },
);

const loadSchema = Type.Object(loadFields);
export const scenarioSchema = Type.Object({
  ...loadFields,
  about: Type.String(),
  turn: nullable(
    Type.Object(
      { number: count("From 1."), total: count() },
      { description: "Which turn of the scenario this is; null when the scenario is not repeated." },
    ),
  ),
  startSecond: Type.Number({
    description: "Seconds since the run's startedAt at which the measured part began.",
  }),
  stack: nullable(stack),
});

/** What the load generator measured in one scenario. */
export type LoadResult = Static<typeof loadSchema>;
/** Requests without a good response, by cause. */
export type ErrorClasses = Static<typeof errors>;
/** One second of a load; latencies are null in a second without a response. */
export type SecondOfLoad = Static<typeof second>;
/** What the stack's own metrics show about one scenario; null where a metric is missing. */
export type StackStats = Static<typeof stack>;
