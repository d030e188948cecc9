import { columns } from "../host/table.ts";
import type { Release, Step } from "./record.ts";
import type { Records } from "./record-store.ts";

const stepTexts: Readonly<Record<Step, string>> = {
  "canary-up": "the canary pool starts beside the old one, without traffic",
  compare: "a pod of each version is loaded in turn, and both are compared",
  "canary-traffic": "the canary gets its share of the traffic",
  "canary-gate": "the canary's share of the traffic is judged",
  promote: "the new version gets as many pods as the old one, and all traffic",
  "full-gate": "the new version is judged by all gates of the stack",
  settle: "the stack's own pool gets the new version, and the canary pool goes",
  "weights-back": "the old version gets all traffic again",
  "remove-canary": "the canary pool goes",
  "back-gate": "the old version is judged after going back",
  hold: "the canary goes to the weight at which it is held",
  held: "two measurements were invalid; the old version serves",
  ended: "ended",
};

/** A step of a release in one line. */
export function describeStep({ id, step, attempt }: Release): string {
  return `${id}  ${step}${attempt > 1 ? `, attempt ${attempt}` : ""}: ${stepTexts[step]}`;
}

/** The open release, the last ones, and what of the record is damaged. */
export function statusText({ open, ended, damaged }: Records, holder: string | undefined): string {
  const parts: string[] = [];
  for (const { what, fix } of damaged) parts.push(`✗ ${what}\n  ${fix}`);
  if (open !== undefined) parts.push(openText(open, holder));
  else if (damaged.length === 0) parts.push("no release is open");
  if (ended.length > 0) parts.push(endedTable(ended));
  return parts.join("\n\n");
}

function openText(open: Release, holder: string | undefined): string {
  const { old, next, startedAt, startedBy, stepAt, back, gates } = open;
  return [
    describeStep(open),
    `  since     ${stepAt}; begun ${startedAt} by ${startedBy}`,
    `  of        ${next.image} (${commitOf(open)})`,
    `  old       ${old.image}`,
    ...(back === null ? [] : [`  goes back ${back.cause}: ${back.reason}`]),
    ...gates.map(({ step, verdict, reason }) => `  ${step.padEnd(12)}${verdict}: ${reason}`),
    ...notesOf(open),
    holder === undefined
      ? "  no process works on it: npm run release -- --resume goes on, --abort takes it back"
      : `  ${holder} works on it, or was killed less than 30 s ago`,
  ].join("\n");
}

/** How a release ended, for the user. */
export function endText(release: Release): string {
  const { id, outcome, step, back, next, old, gates, heldAt, bothFail, notRolledBack, givenImage } = release;
  if (step === "held")
    return [
      `~ ${id} is held: the measurement ${heldAt} was invalid twice: ${gates.at(-1)?.reason ?? ""}`,
      `  ${old.image} serves; npm run release -- --resume measures again, --abort takes the canary away`,
    ].join("\n");
  if (outcome === "passed") return `✓ ${id} passed: ${next.image} serves${givenTo(givenImage)}`;
  const mark = outcome === "aborted" && !bothFail ? "✓" : "✗";
  return [
    `${mark} ${id} ${outcome}: ${back?.reason ?? ""}`,
    `  ${old.image} serves`,
    ...(bothFail || back?.oldFailsToo ? ["  both versions fail: the release is not the cause"] : []),
    ...notesOf(release),
    ...notRolledBack.map((what) => `  not rolled back: ${what}`),
    "  this checkout still has the new version: a plain pulumi up deploys it without a gate",
  ].join("\n");
}

function givenTo(image: string | null): string {
  return image === null ? "" : "; api.source.image in the stack's file names it";
}

function notesOf({ notes }: Release): string[] {
  return notes.map((note) => `  ${note}`);
}

function endedTable(ended: readonly Release[]): string {
  const rows = ended.map(({ id, outcome, startedBy, next, back, ...release }) => [
    id,
    outcome ?? "",
    next.image,
    commitOf(release),
    startedBy,
    back?.reason ?? "",
  ]);
  return columns([["release", "outcome", "image", "commit", "by", "why"], ...rows], []);
}

function commitOf({ git }: Pick<Release, "git">): string {
  return git.commit === null ? "no git" : `${git.commit.slice(0, 10)}${git.dirty ? ", with changes" : ""}`;
}
