import { type Static, Type } from "@sinclair/typebox";
import { faultNames } from "../../faults/faults.ts";
import { count, nullable, oneOf } from "./parts.ts";

const recoveryFields = {
  errorWindow: nullable(
    Type.Object(
      { fromMs: Type.Number(), toMs: Type.Number() },
      { description: "First and last failed request, in ms since the fault; null when none failed." },
    ),
  ),
  failedRequests: count("Failed requests after the fault."),
  recoveredMs: nullable(
    Type.Number({
      description:
        "Milliseconds from the fault until all pods of its workloads were ready for good and no request failed for three seconds; null when this did not happen.",
    }),
  ),
  outcome: oneOf(
    ["recovered", "not recovered", "unknown"],
    "unknown: the load was too short to show it, or the run was interrupted.",
  ),
  reason: Type.String({ description: "Why the stack did not recover, or why that is unknown; else empty." }),
  p99CalmMs: nullable(
    Type.Number({
      description:
        "Milliseconds from the fault until p99 was within twice its median before the fault for three seconds; it decides nothing.",
    }),
  ),
};

const recoverySchema = Type.Object(recoveryFields);
export const faultSchema = Type.Object({
  name: oneOf(faultNames),
  how: Type.String({ description: "What was done to what, in one sentence." }),
  pod: nullable(Type.String()),
  atMs: Type.Number({ description: "Time of the fault, in milliseconds since 1970." }),
  ...recoveryFields,
});

/** How the stack recovered from a fault. */
export type Recovery = Static<typeof recoverySchema>;
/** The fault of a run: what was done, and how the stack recovered. */
export type FaultOutcome = Static<typeof faultSchema>;
