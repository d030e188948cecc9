import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { canaryName, releaseImageVariable, releaseVariable } from "../contract/release-overlay.ts";
import { exitCodes, UserError } from "../contract/user-error.ts";
import type { Outcome } from "../host/foreground.ts";
import type { ReachedStack } from "../loadtest/cluster-search.ts";
import { readCounters, type StackCounters } from "../loadtest/observe/stack-counters.ts";
import type { RunReport } from "../loadtest/report/report-schema.ts";
import type { ClusterView } from "./cluster-view.ts";
import {
  comparedResult,
  fullResult,
  lightResult,
  unreadCanary,
  withoutReport,
  withShares,
} from "./gate-results.ts";
import type { DeployResult, GateResult } from "./next-step.ts";
import { requestsBetween } from "./pool-requests.ts";
import type { GateStep, Release } from "./record.ts";
import type { RecordStore } from "./record-store.ts";
import type { ReleasePorts } from "./run-release.ts";
import { describeStep } from "./status-text.ts";
import { hasPassed } from "./versions.ts";

/** The Deployment of a stack without `api.pools`. */
export const stableName = "api";

/** The programs that a release runs. */
export interface ReleaseTools {
  /** Runs `pulumi up`. @throws {UserError} when it fails; with exit code 130 when it was interrupted */
  up(variables: Readonly<Record<string, string>>): Promise<void>;
  /** Sets an option in the stack's file. */
  configure(path: string, value: string): Promise<void>;
  loadtest(args: readonly string[]): Promise<Outcome>;
  /** The outputs of the last update. */
  outputs(): Promise<ReachedStack>;
  /** Prints a line for the user. */
  print(line: string): void;
}

/** What the ports of a real stack are made of. */
export interface StackPortsInput {
  tools: ReleaseTools;
  view: ClusterView;
  store: RecordStore;
  /** The last releases. */
  ended: readonly Release[];
  lost: AbortSignal;
  /** Folder for the reports. */
  folder: string;
}

const lightTimes = ["--duration", "5s", "--warmup", "1s"] as const;

/** What a release does to a deployed stack. */
export function stackPorts({ tools, view, store, ended, lost, folder }: StackPortsInput): ReleasePorts {
  return {
    lost,
    now: () => new Date().toISOString(),
    hasPassed: (next) => hasPassed(ended, next),
    async save(release) {
      await store.save(release);
      if (release.step !== "ended") tools.print(`\n▸ ${describeStep(release)}`);
    },
    deploy: (release) => deploy(release, tools, view),
    async measure(step, release) {
      const result = await measure(step, release, tools, folder);
      tools.print(`  ${result.verdict}: ${result.reason}`);
      return result;
    },
    async describeNext({ next, rendered }) {
      const canary = await view.pool(canaryName);
      return {
        next: canary === undefined ? next : { ...canary.version, image: next.image },
        rendered: { ...rendered, next: await view.rendered(canaryName, await tools.outputs()) },
      };
    },
  };
}

async function deploy(release: Release, tools: ReleaseTools, view: ClusterView): Promise<DeployResult> {
  const { id, givenImage, step, next } = release;
  try {
    if (step === "settle" && givenImage !== null) await tools.configure("api.source.image", givenImage);
    // The version that passed is deployed, also from a checkout that makes another one by now.
    const image = givenImage ?? (step === "settle" ? next.image : null);
    await tools.up({ [releaseVariable]: id, ...(image !== null && { [releaseImageVariable]: image }) });
    if (step === "settle") await reportOtherSettings(release, tools, view);
    return (await isChanged(release, view))
      ? {
          kind: "broken",
          reason: "stack config has changed since the canary was compared with the old version",
        }
      : { kind: "done" };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error.exitCode === exitCodes.interrupted) throw interrupted();
    if (error.exitCode !== exitCodes.broken) throw error;
    const isBack = step === "weights-back" || step === "remove-canary" || step === "settle";
    return isBack ? { kind: "broken", reason: error.message } : view.faultOf(error.message);
  }
}

/** Settings of the stack that were changed after the canary was judged are deployed with it. */
async function reportOtherSettings({ next }: Release, tools: ReleaseTools, view: ClusterView): Promise<void> {
  const settled = await view.pool(stableName);
  if (settled === undefined || next.configHash === "" || settled.version.configHash === next.configHash)
    return;
  tools.print(
    "  ! the API's settings have changed since the gates judged them: npm run loadtest judges what serves now",
  );
}

/** Whether the canary's pods are no longer those that began: what gets the traffic must be what was compared. */
async function isChanged({ step, next }: Release, view: ClusterView): Promise<boolean> {
  if (step !== "canary-traffic" && step !== "promote") return false;
  const canary = await view.pool(canaryName);
  return canary !== undefined && canary.version.podHash !== next.podHash;
}

async function measure(
  step: GateStep,
  release: Release,
  tools: ReleaseTools,
  folder: string,
): Promise<GateResult> {
  const { id, attempt } = release;
  const reports = join(folder, id);
  await mkdir(reports, { recursive: true });
  // A report of an attempt that was killed must not be read as that of the next one.
  const file = join(reports, `${step}-${attempt}-${Date.now()}.json`);
  const outputs = step === "canary-gate" ? await tools.outputs() : undefined;
  const before = outputs && (await countersOf(outputs));
  const outcome = await tools.loadtest([...argumentsOf(step, release), "--json", file]);
  if (outcome.wasInterrupted) throw interrupted();
  const report = await readReport(file);
  if (report === undefined) return withoutReport(outcome.exitCode);
  if (step === "compare") return comparedResult(report);
  if (step === "full-gate") return fullResult(report);
  const light = lightResult(report);
  if (!outputs || !before) return light;
  const after = await countersOf(outputs);
  if (before.old.api.size > 0 && (before.canary.api.size === 0 || after.canary.api.size === 0))
    return unreadCanary(light);
  const isKnown = before.old.api.size > 0;
  const shares = isKnown
    ? { old: requestsBetween(before.old, after.old), canary: requestsBetween(before.canary, after.canary) }
    : null;
  return withShares(light, report, shares);
}

function interrupted(): UserError {
  return new UserError("interrupted", "npm run release -- --resume goes on with it, --abort takes it back", {
    exitCode: exitCodes.interrupted,
  });
}

function argumentsOf(step: GateStep, { load }: Release): string[] {
  const { scenarios, duration, connections, repeats } = load;
  const times = duration === null ? [] : ["--duration", duration];
  const named = [
    ...scenarios.flatMap((name) => ["--scenario", name]),
    ...(connections === null ? [] : ["--connections", String(connections)]),
  ];
  switch (step) {
    case "compare":
      return ["--compare-pools", stableName, canaryName, "--repeats", String(repeats), ...times, ...named];
    case "canary-gate":
    case "full-gate":
      return [...times, ...named];
    case "back-gate":
      return [...lightTimes, ...named];
  }
}

async function countersOf(outputs: ReachedStack): Promise<{ old: StackCounters; canary: StackCounters }> {
  const only = (name: string) =>
    readCounters({ ...outputs, workloads: outputs.workloads.filter((workload) => workload.name === name) });
  return { old: await only(stableName), canary: await only(canaryName) };
}

async function readReport(file: string): Promise<RunReport | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as RunReport;
  } catch {
    return undefined;
  }
}
