import { type Static, type TSchema, type TUnsafe, Type } from "@sinclair/typebox";

const oneOf = <const Name extends string>(names: readonly Name[]) =>
  Type.Union(names.map((name) => Type.Literal(name))) as unknown as TUnsafe<Name>;
const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** Steps towards the new version, in their order. `settle` puts it into the stack's own pool. */
export const forwardSteps = [
  "canary-up",
  "compare",
  "canary-traffic",
  "canary-gate",
  "promote",
  "full-gate",
  "settle",
] as const;
/** Steps back to the old version, in their order. */
export const backSteps = ["weights-back", "remove-canary", "back-gate"] as const;
/** Steps that bring a release to rest whose measurement was invalid twice, and its rest. */
export const holdSteps = ["hold", "held"] as const;

/** Every step. A release that has ended has the step `ended`. */
export const steps = [...forwardSteps, ...backSteps, ...holdSteps, "ended"] as const;
/** What a release does now, or does next when it was killed. */
export type Step = (typeof steps)[number];

/** Steps that measure. */
export const gateSteps = ["compare", "canary-gate", "full-gate", "back-gate"] as const;
/** A step that measures. */
export type GateStep = (typeof gateSteps)[number];

/** Why a release goes back. */
export const causes = ["failed", "broken", "aborted"] as const;
/** How a release ended. */
export const outcomes = ["passed", ...causes] as const;

const version = Type.Object({
  image: Type.String({ description: "Name with tag or digest, as the pods have it." }),
  digests: Type.Array(Type.String(), { description: "What the nodes report of it; empty until a pod runs." }),
  configHash: Type.String({ description: "Hash of the pods' settings without image and secret values." }),
  podHash: Type.String({ description: "Hash of the whole pod template, with the names of its Secrets." }),
});

const rendered = Type.Record(
  Type.String(),
  Type.Object({
    sha256: Type.String(),
    text: nullable(Type.String({ description: "Null when it is too long for the record." })),
  }),
);

const gate = Type.Object({
  step: oneOf(gateSteps),
  at: Type.String({ description: "ISO 8601." }),
  verdict: oneOf(["pass", "gate failed", "invalid", "broken"]),
  reason: Type.String(),
  oldFailsToo: Type.Boolean({ description: "Whether the old version failed as well." }),
  summary: Type.Array(Type.String(), { description: "Most important lines of the report." }),
});

/** One release, as the cluster's record holds it. */
export const releaseSchema = Type.Object({
  schema: Type.Literal(1, { description: "Rises when an older reader would misread it." }),
  id: Type.String(),
  stack: Type.String(),
  startedAt: Type.String({ description: "ISO 8601." }),
  startedBy: Type.String(),
  git: Type.Object({ commit: nullable(Type.String()), dirty: Type.Boolean() }),
  old: version,
  next: version,
  givenImage: nullable(Type.String({ description: "Value of --image." })),
  kitImage: nullable(Type.String({ description: "Image that the kit's own programs have before." })),
  stableReplicas: Type.Integer({ minimum: 1 }),
  canaryReplicas: Type.Integer({ minimum: 1 }),
  canaryWeight: Type.Integer({ minimum: 1, maximum: 50, description: "Percent of the traffic." }),
  onInvalid: oneOf(["hold", "back"]),
  load: Type.Object(
    {
      scenarios: Type.Array(Type.String()),
      duration: nullable(Type.String()),
      connections: nullable(Type.Integer({ minimum: 1 })),
      repeats: Type.Integer({ minimum: 6 }),
    },
    { description: "Options of the load tests." },
  ),
  fastTrack: Type.Boolean({ description: "Whether a version that has passed before skips the canary." }),
  notRolledBack: Type.Array(Type.String()),
  rendered: Type.Object({ old: rendered, next: rendered }),
  step: oneOf(steps),
  stepAt: Type.String({ description: "When the step was recorded, ISO 8601." }),
  attempt: Type.Integer({ minimum: 1, description: "Of the step." }),
  heldAt: nullable(oneOf(gateSteps)),
  back: nullable(Type.Object({ cause: oneOf(causes), reason: Type.String(), oldFailsToo: Type.Boolean() })),
  gates: Type.Array(gate),
  outcome: nullable(oneOf(outcomes)),
  endedAt: nullable(Type.String({ description: "ISO 8601." })),
  bothFail: Type.Boolean({ description: "Whether the old version failed its gate after going back." }),
  notes: Type.Array(Type.String()),
});

/** One release. */
export type Release = Static<typeof releaseSchema>;
/** Result of one measurement. */
export type GateRecord = Release["gates"][number];
/** An image with what the record holds of it. */
export type Version = Static<typeof version>;
/** Contents of rendered configuration files. */
export type Rendered = Static<typeof rendered>;

/** What a new release begins with. */
export type NewRelease = Pick<
  Release,
  | "id"
  | "stack"
  | "startedAt"
  | "startedBy"
  | "git"
  | "old"
  | "next"
  | "givenImage"
  | "kitImage"
  | "stableReplicas"
  | "canaryReplicas"
  | "canaryWeight"
  | "onInvalid"
  | "load"
  | "notRolledBack"
  | "rendered"
>;

/** The record of a release that has done nothing yet. */
export function newRelease(given: NewRelease): Release {
  return {
    schema: 1,
    ...given,
    fastTrack: false,
    step: "canary-up",
    stepAt: given.startedAt,
    attempt: 1,
    heldAt: null,
    back: null,
    gates: [],
    outcome: null,
    endedAt: null,
    bothFail: false,
    notes: [],
  };
}

/** Whether a step measures. */
export function isGateStep(step: Step): step is GateStep {
  return (gateSteps as readonly Step[]).includes(step);
}
