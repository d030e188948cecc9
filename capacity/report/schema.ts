import { type Static, Type } from "@sinclair/typebox";
import { workloadRoles } from "../../contract/outputs.ts";
import { count, nullable, oneOf } from "../../loadtest/report/schema/parts.ts";

const dialect = "https://json-schema.org/draft/2020-12/schema";
const perSecond = (description: string) =>
  Type.Number({ description: `${description}, in requests per second.` });

const metrics = Type.Object({
  cpu: Type.Array(
    Type.Object({
      role: oneOf(workloadRoles),
      pods: count(),
      cores: Type.Number({ description: "Cores that all pods of the role used together." }),
      busiestCores: Type.Number(),
      limitCores: nullable(Type.Number({ description: "CPU limit of a pod; null: none." })),
    }),
  ),
  node: nullable(
    Type.Object(
      { name: Type.String(), cores: Type.Number(), ofCores: Type.Number() },
      { description: "The busiest node, with everything that runs on it." },
    ),
  ),
  apiThrottled: nullable(
    Type.Number({
      description: "Share of the periods in which the CPU limit slowed the worst API pod down.",
    }),
  ),
  eventLoopP99Ms: nullable(Type.Number()),
  databasePool: nullable(Type.Object({ used: Type.Number(), total: Type.Number(), waiting: Type.Number() })),
  shed: nullable(Type.Number({ description: "Requests that the API refused because of load." })),
});

const step = Type.Object({
  pods: count(),
  round: count("From 1: which search of this number of pods the step belongs to."),
  rate: nullable(Type.Number({ description: "Requests per second that were due; null: the probe." })),
  verdict: oneOf(["pass", "fail", "invalid"]),
  reason: Type.String(),
  achieved: perSecond("Good responses"),
  p99Ms: nullable(Type.Number()),
  startedMs: Type.Number({ description: "Milliseconds since 1970." }),
  tookSeconds: Type.Number(),
  metrics: nullable(metrics),
});

const search = Type.Object({
  pods: count(),
  round: count(),
  end: oneOf(
    ["found", "at least", "below", "not measured"],
    "`at least`: no rate failed; `below`: no rate passed; `not measured`: every step was invalid.",
  ),
  rate: perSecond("Geometric mean of both ends"),
  passed: nullable(perSecond("Highest rate that passed")),
  failed: nullable(perSecond("Lowest rate that failed")),
  reason: Type.String(),
});

const limit = Type.Object({
  pods: count(),
  certainty: oneOf(["clear", "one of several", "not seen", "unknown"]),
  sentence: Type.String(),
  uses: Type.Array(
    Type.Object({
      name: Type.String(),
      use: Type.Number({ description: "0 … 1: how close the part was to its limit." }),
      detail: Type.String(),
      fix: Type.String(),
    }),
  ),
});

const interval = Type.Object(
  { value: Type.Number(), low: Type.Number(), high: Type.Number() },
  { description: "With the ends of the 95 % interval." },
);

const scaling = Type.Object({
  knowledge: oneOf(
    ["law", "two", "one"],
    "How many numbers of pods were measured: with fewer than three, sigma and kappa are not known.",
  ),
  lambda: interval,
  sigma: nullable(interval),
  kappa: nullable(interval),
  peakPods: nullable(
    Type.Object(
      { value: nullable(Type.Number()), low: nullable(Type.Number()), high: nullable(Type.Number()) },
      { description: "Number of pods with the highest capacity; null inside: no end is seen." },
    ),
  ),
  noise: Type.Number({ description: "Standard deviation of one search, as a share of the capacity." }),
  noiseIsMeasured: Type.Boolean(),
  worstMisfit: Type.Number({
    description: "Largest distance of a measured mean from the curve, as a share.",
  }),
  curve: Type.Array(
    Type.Object({
      pods: Type.Number(),
      value: Type.Number(),
      low: nullable(Type.Number({ description: "Null: no lower bound is known." })),
      high: Type.Number(),
    }),
    { description: "The curve with its 95 % band." },
  ),
});

const sizing = Type.Object({
  rate: perSecond("The wished rate"),
  headroom: Type.Number({ description: "Share on top of it." }),
  needed: perSecond("Rate with headroom"),
  pods: nullable(count("API pods that carry it in 97.5 % of cases.")),
  likelyPods: nullable(count("API pods that carry it by the best fit.")),
  certainty: oneOf(["measured", "extrapolated", "far", "unreachable"]),
  sentence: Type.String(),
  advice: Type.Array(
    Type.Object({
      option: Type.String({ description: "Path in stack config." }),
      value: nullable(Type.String()),
      isChange: Type.Boolean(),
      reason: Type.String(),
    }),
  ),
});

/** The content of `capacity.json`. */
export const capacitySchema = Type.Object(
  {
    schema: Type.Literal(1, {
      description: "Rises when a reader of older reports would misread a newer one.",
    }),
    stack: Type.String(),
    endpoint: Type.String(),
    namespace: Type.String(),
    apiImage: Type.String(),
    startedAt: Type.String({ description: "ISO 8601." }),
    finishedAt: Type.String({ description: "ISO 8601." }),
    exitCode: Type.Integer(),
    headline: Type.String({ description: "The result in one sentence." }),
    notKnown: Type.Array(Type.String(), { description: "What the measurements do not show." }),
    scenario: Type.Object({ name: Type.String(), about: Type.String() }),
    gates: Type.Array(Type.String(), { description: "The gates that judged the steps." }),
    precision: Type.Number(),
    durationSeconds: Type.Number(),
    warmupSeconds: Type.Number(),
    connections: count(),
    searches: Type.Array(search),
    scaling: nullable(scaling),
    limits: Type.Array(limit, { description: "What limits first, for each number of pods." }),
    sizing: nullable(sizing),
    steps: Type.Array(step, { description: "In the order of the run." }),
    generator: Type.Object({ cpus: count(), cpuModel: Type.String(), node: Type.String() }),
  },
  { title: "Breakwater capacity report" },
);

/** The result of `npm run capacity`, as `capacity.json` holds it. */
export type CapacityReport = Static<typeof capacitySchema>;

/** The content of `capacity.schema.json`: the schema for readers in other languages. */
export function capacitySchemaText(): string {
  return `${JSON.stringify({ $schema: dialect, ...capacitySchema }, null, 2)}\n`;
}
