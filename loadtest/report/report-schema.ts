import { type Static, Type } from "@sinclair/typebox";
import { comparisonSchema } from "./schema/comparison.ts";
import { faultSchema } from "./schema/fault.ts";
import { gateSchema } from "./schema/gate.ts";
import { count, nullable, oneOf } from "./schema/parts.ts";
import { eventSchema, podSchema } from "./schema/pod.ts";
import { scenarioSchema } from "./schema/scenario.ts";

const dialect = "https://json-schema.org/draft/2020-12/schema";

/** The content of `report.json`. The types of the load test's results derive from it. */
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
    verdict: oneOf(["pass", "broken", "invalid", "gate failed"]),
    exitCode: Type.Integer(),
    reason: Type.String({ description: "The verdict's reason in one sentence." }),
    problems: Type.Array(Type.String(), {
      description:
        "What went wrong with the run itself, not with the stack: it could not be made or measured.",
    }),
    gates: Type.Array(gateSchema),
    connections: count(),
    durationSeconds: Type.Number(),
    warmupSeconds: Type.Number(),
    threads: count(),
    users: count(),
    keepAlive: Type.Boolean({ description: "Whether a connection carries several requests." }),
    scenarios: Type.Array(scenarioSchema, {
      description: "One for each turn when the scenarios are repeated, in the order of the run.",
    }),
    pods: Type.Array(podSchema),
    events: Type.Array(eventSchema),
    fault: nullable(faultSchema),
    comparison: nullable(comparisonSchema),
    savedBaseline: nullable(Type.String({ description: "File of the baseline that this run saved." })),
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

/** One run, as `report.json` holds it. */
export type RunReport = Static<typeof reportSchema>;
/** One scenario of a run. */
export type ScenarioReport = RunReport["scenarios"][number];
/** How a run ended. Wrong usage never becomes a run. */
export type Verdict = RunReport["verdict"];

/** The content of `report.schema.json`: the schema for readers in other languages. */
export function schemaText(): string {
  return `${JSON.stringify({ $schema: dialect, ...reportSchema }, null, 2)}\n`;
}
