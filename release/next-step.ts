import { exitCodes } from "../contract/user-error.ts";
import { overlayOf } from "./overlay.ts";
import { backSteps, type GateRecord, type GateStep, holdSteps, type Release, type Step } from "./record.ts";

/** What a step that deploys has found. */
export type DeployResult =
  | { kind: "done"; note?: string }
  /** The new pods do not become ready: the new version is at fault. */
  | { kind: "not ready"; reason: string }
  /** Pulumi, the cluster or this machine is at fault. */
  | { kind: "broken"; reason: string };

/** What a step that measures has found. */
export type GateResult = Pick<GateRecord, "verdict" | "reason" | "oldFailsToo" | "summary">;

/** Result of a step. */
export type StepResult =
  | { kind: "deployed"; result: DeployResult }
  | { kind: "measured"; result: GateResult };

/** What the cluster says beside the result. */
export interface Facts {
  /** ISO 8601. */
  now: string;
  /** Whether this version has passed one of the last releases. */
  hasPassedBefore: boolean;
}

/** Measurements of one step that may be invalid before the release is held. */
const maxAttempts = 2;
/** Attempts of a step that must not be given up, in one run of the command. */
const maxDeployAttempts = 2;

/** What follows a step that went well. */
const following: Readonly<Record<Exclude<Step, "ended">, Step>> = {
  "canary-up": "compare",
  compare: "canary-traffic",
  "canary-traffic": "canary-gate",
  "canary-gate": "promote",
  promote: "full-gate",
  "full-gate": "settle",
  settle: "ended",
  "weights-back": "remove-canary",
  "remove-canary": "back-gate",
  "back-gate": "ended",
  hold: "held",
  held: "held",
};

/** A release after one of its steps, and whether the command stops there because a step cannot be done now. */
export interface Advanced {
  release: Release;
  /** Why the command ends although the release has not. The next `--resume` does the step again. */
  stopped?: string;
}

/**
 * What a release does after a step. It is pure: the same record and result give the same record. The returned record names
 * the next step and is saved before that step begins.
 */
export function advance(release: Release, { kind, result }: StepResult, facts: Facts): Advanced {
  return kind === "deployed"
    ? afterDeployment(release, result, facts)
    : { release: afterMeasurement(release, result, facts) };
}

function afterDeployment(release: Release, result: DeployResult, facts: Facts): Advanced {
  const { step } = release;
  if (result.kind === "done") {
    const noted = result.note === undefined ? release : withNote(release, result.note);
    if (step === "settle") return { release: end(noted, "passed", facts) };
    if (step === "canary-up" && facts.hasPassedBefore)
      return { release: { ...goTo(noted, "promote", facts), fastTrack: true } };
    return { release: goTo(noted, followingOf(step), facts) };
  }
  // Nothing is left to go back to: the old pool has the new version already, or the way back itself does not work.
  if (step === "settle" || isBackStep(step)) {
    if (release.attempt % maxDeployAttempts !== 0) return { release: again(release, facts) };
    return { release: again(release, facts), stopped: `${step}: ${result.reason}` };
  }
  return {
    release: goBack(release, result.kind === "broken" ? "broken" : "failed", result.reason, false, facts),
  };
}

function afterMeasurement(before: Release, result: GateResult, facts: Facts): Release {
  const { step } = before;
  const gate: GateRecord = { ...result, step: step as GateStep, at: facts.now };
  const release = { ...before, gates: [...before.gates, gate] };
  if (step === "back-gate") return afterBackGate(release, result, facts);
  switch (result.verdict) {
    case "pass":
      return goTo(release, followingOf(step), facts);
    case "gate failed":
      return goBack(release, "failed", result.reason, result.oldFailsToo, facts);
    case "broken":
      return goBack(release, "broken", result.reason, false, facts);
    case "invalid":
      if (release.attempt < maxAttempts) return again(release, facts);
      return release.onInvalid === "back"
        ? goBack(release, "broken", `two invalid measurements: ${result.reason}`, false, facts)
        : { ...goTo(release, "hold", facts), heldAt: step as GateStep };
  }
}

/** The gate after going back decides nothing but what is said of the old version. */
function afterBackGate(release: Release, { verdict, reason }: GateResult, facts: Facts): Release {
  if (verdict === "invalid" && release.attempt < maxAttempts) return again(release, facts);
  const cause = release.back?.cause ?? "broken";
  if (verdict === "gate failed")
    return {
      ...end(withNote(release, `the old version fails its gate as well: ${reason}`), cause, facts),
      bothFail: true,
    };
  const noted =
    verdict === "pass"
      ? release
      : withNote(release, `the old version could not be judged after going back: ${reason}`);
  return end(noted, cause, facts);
}

/**
 * The record of a release that the user takes back.
 *
 * @returns undefined when it has passed: its old version is being replaced
 */
export function abort(release: Release, reason: string, facts: Facts): Release | undefined {
  const { step } = release;
  if (step === "settle" || step === "ended") return undefined;
  return isBackStep(step) ? release : goBack(release, "aborted", reason, false, facts);
}

/** The record with which a release goes on. A held one measures again. */
export function resume(release: Release, facts: Facts): Release {
  const { heldAt, step } = release;
  if (step !== "held" && step !== "hold") return release;
  const back = heldAt === "full-gate" ? "promote" : (heldAt ?? "canary-gate");
  return { ...goTo(release, back, facts), heldAt: null };
}

/** Exit code of the command, once the release rests. */
export function exitCodeOf({ step, outcome, bothFail }: Release): number {
  if (step === "held") return exitCodes.invalid;
  if (outcome === "passed") return exitCodes.pass;
  if (outcome === "failed") return exitCodes["gate failed"];
  if (outcome === "aborted") return bothFail ? exitCodes["gate failed"] : exitCodes.pass;
  return exitCodes.broken;
}

/** Whether nothing is left to do without the user. */
export function isAtRest({ step }: Release): boolean {
  return step === "ended" || step === "held";
}

/** Whether a step leads back to the old version. */
export function isBackStep(step: Step): boolean {
  return (backSteps as readonly Step[]).includes(step);
}

/** Whether a step belongs to a release that is held. */
export function isHoldStep(step: Step): boolean {
  return (holdSteps as readonly Step[]).includes(step);
}

function followingOf(step: Step): Step {
  return step === "ended" ? "ended" : following[step];
}

function goTo(release: Release, step: Step, { now }: Facts): Release {
  return { ...release, step, stepAt: now, attempt: 1 };
}

function again(release: Release, { now }: Facts): Release {
  return { ...release, stepAt: now, attempt: release.attempt + 1 };
}

function goBack(
  release: Release,
  cause: NonNullable<Release["back"]>["cause"],
  reason: string,
  oldFailsToo: boolean,
  facts: Facts,
): Release {
  const hasTraffic = (overlayOf(release)?.pools?.canaryWeight ?? 0) > 0;
  const step = hasTraffic ? "weights-back" : "remove-canary";
  return { ...goTo(release, step, facts), heldAt: null, back: { cause, reason, oldFailsToo } };
}

function end(release: Release, outcome: NonNullable<Release["outcome"]>, facts: Facts): Release {
  return { ...goTo(release, "ended", facts), outcome, endedAt: facts.now };
}

function withNote(release: Release, note: string): Release {
  return { ...release, notes: [...release.notes, note] };
}
