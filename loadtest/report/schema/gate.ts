import { type Static, Type } from "@sinclair/typebox";
import { type GateMetric, gateMetrics } from "../../../contract/gate-metrics.ts";
import { count, nullable, oneOf } from "./parts.ts";

export const gateSchema = Type.Object({
  metric: oneOf(Object.keys(gateMetrics) as GateMetric[]),
  subject: Type.String({
    description:
      "The scenario or workload that the gate limits; `all pods` when pods of all workloads count together.",
  }),
  unit: oneOf(["share", "time", "rate", "count"]),
  value: nullable(
    Type.Number({
      description: "Shares 0 … 1, times in ms, rates per second; null when not measured, or endless.",
    }),
  ),
  limit: Type.Number(),
  rule: oneOf(["at most", "at least"]),
  samples: count("How many requests, memory samples or pods the value rests on."),
  expected: count(
    "How many of the counted events the injected fault explains; only the rest is held to the limit.",
  ),
  verdict: oneOf(
    ["pass", "fail", "not measured", "invalid"],
    "invalid: the load generator was the limit, so the value says nothing about the stack.",
  ),
  reason: Type.String({ description: "The verdict in one sentence." }),
});

/** One judged gate. */
export type GateResult = Static<typeof gateSchema>;
