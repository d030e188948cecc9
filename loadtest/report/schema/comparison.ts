import { type Static, Type } from "@sinclair/typebox";
import { count, nullable, oneOf } from "./parts.ts";

const row = Type.Object({
  scenario: Type.String(),
  metric: oneOf(["throughput", "p50", "p95", "p99", "CPU per request"]),
  ratio: Type.Number({
    description: "After over before; against a baseline at equal speed of the machine. 1 is no difference.",
  }),
  low: Type.Number(),
  high: Type.Number(),
  outliers: count(),
  verdict: oneOf(["better", "same", "worse"]),
});

export const comparisonSchema = Type.Object(
  {
    before: Type.Object({
      apiImage: Type.String(),
      savedAt: nullable(
        Type.String({ description: "Of a baseline, ISO 8601; null when both were measured side by side." }),
      ),
    }),
    after: Type.Object({ apiImage: Type.String() }),
    rows: Type.Array(row),
    notCompared: Type.Array(Type.String(), { description: "Scenarios that only one of the two runs has." }),
  },
  { description: "This run against the baseline of the stack, or one image against another." },
);

/** One metric of one scenario, after over before. */
export type ComparedRow = Static<typeof row>;
/** Result of `--compare` or `--compare-images`. */
export type RunComparison = Static<typeof comparisonSchema>;
