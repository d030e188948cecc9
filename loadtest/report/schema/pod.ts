import { type Static, Type } from "@sinclair/typebox";
import { workloadRoles } from "../../../contract/outputs.ts";
import { count, nullable, oneOf } from "./parts.ts";

const recordFields = {
  uid: Type.String({ description: "A pod's identity: a new pod of the same name has another UID." }),
  name: Type.String(),
  workload: Type.String(),
  role: oneOf(workloadRoles),
  node: Type.String(),
  memoryLimitBytes: Type.Number({ description: "Limit of the main container." }),
  appeared: oneOf(["before", "during"], "Whether the pod existed when the run began."),
  gone: Type.Boolean({ description: "Deleted, evicted or ended before the end of the run." }),
  scaledAway: Type.Optional(
    Type.Boolean({ description: "Gone, and without another pod in its place: an autoscaler removed it." }),
  ),
  running: Type.Boolean({ description: "All its containers ran at the end of the run." }),
  restarts: count("Of all containers, native sidecars and init containers included."),
  oomKills: count("Of all containers."),
  readinessFlaps: count("Times that the ready pod became not ready, other than by its end."),
  lastEnd: Type.Optional(
    Type.String({ description: "The last container end in the run, e.g. OOMKilled, exit code 137." }),
  ),
};

const recordSchema = Type.Object(recordFields);
const memoryFields = {
  peakBytes: nullable(Type.Number()),
  samples: count("Memory samples that the peak rests on."),
  memory: Type.Array(Type.Object({ second: Type.Number(), bytes: Type.Number() })),
};

export const podSchema = Type.Object({
  ...recordFields,
  ...memoryFields,
  sidecars: Type.Array(
    Type.Object({
      name: Type.String(),
      memoryLimitBytes: nullable(Type.Number({ description: "Null: no limit." })),
      ...memoryFields,
    }),
    {
      description:
        "The other containers, each with its own memory; peak and memory of the pod are the main one's.",
    },
  ),
});

export const eventSchema = Type.Object({
  second: Type.Number(),
  kind: oneOf(["restart", "oom_kill", "pod_gone", "pod_new", "not_ready", "ready", "fault"]),
  pod: Type.String(),
  workload: Type.String(),
  detail: Type.String(),
});

/** What happened to one pod during the run, without its memory. */
export type PodRecord = Static<typeof recordSchema>;
/** One pod of the run with its memory samples, in seconds since the run began. */
export type ObservedPod = Static<typeof podSchema>;
/** One event on the report's time axis. */
export type ReportEvent = Static<typeof eventSchema>;
