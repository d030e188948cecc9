import { UserError } from "../contract/user-error.ts";
import {
  advance,
  type DeployResult,
  exitCodeOf,
  type Facts,
  type GateResult,
  isAtRest,
} from "./next-step.ts";
import { type GateStep, isGateStep, type Release, type Version } from "./record.ts";

/** What a release does to the world. Every action may be done again after it was killed. */
export interface ReleasePorts {
  /** Writes the record, and the overlay that `deploy` brings about. */
  save(release: Release): Promise<void>;
  /** Runs `pulumi up` with the overlay of the record. */
  deploy(release: Release): Promise<DeployResult>;
  measure(step: GateStep, release: Release): Promise<GateResult>;
  /** What the cluster knows of the new version, once a pod of it runs. */
  describeNext(release: Release): Promise<Pick<Release, "next" | "rendered">>;
  /** Whether this version has passed one of the last releases. */
  hasPassed(next: Version): boolean;
  /** ISO 8601. */
  now(): string;
  /** Aborted when another process may change the stack. */
  lost: AbortSignal;
}

/** Where a release rests, and the exit code of the command. */
export interface ReleaseEnd {
  release: Release;
  exitCode: number;
  /** Why the command ends although the release has not. */
  stopped?: string;
}

/**
 * Brings a release to its rest: passed, back, or held. Each step is recorded before it begins, so a release that is killed
 * anywhere goes on with the step that it was at.
 *
 * @throws {UserError} when it is interrupted, or the Lease is lost. The record stays, for `--resume`.
 */
export async function runRelease(begin: Release, ports: ReleasePorts): Promise<ReleaseEnd> {
  let release = begin;
  requireLease(ports);
  await ports.save(release);
  while (!isAtRest(release)) {
    const next = await doStep(release, ports);
    requireLease(ports);
    await ports.save(next.release);
    release = next.release;
    if (next.stopped !== undefined) return { release, exitCode: 1, stopped: next.stopped };
  }
  return { release, exitCode: exitCodeOf(release) };
}

async function doStep(release: Release, ports: ReleasePorts) {
  const facts = (hasPassedBefore: boolean): Facts => ({ now: ports.now(), hasPassedBefore });
  const { step } = release;
  if (isGateStep(step)) {
    const result = await ports.measure(step, release);
    return advance(release, { kind: "measured", result }, facts(false));
  }
  const result = await ports.deploy(release);
  if (step !== "canary-up" || result.kind !== "done")
    return advance(release, { kind: "deployed", result }, facts(false));
  const described = { ...release, ...(await ports.describeNext(release)) };
  return advance(described, { kind: "deployed", result }, facts(ports.hasPassed(described.next)));
}

function requireLease({ lost }: ReleasePorts): void {
  if (lost.aborted)
    throw new UserError(
      "the Lease of the release was lost: the cluster did not respond in time, or another process took it over",
      "npm run release -- --status shows the release; --resume goes on with it",
    );
}
