import type { RunComparison } from "../compare/repeated-run.ts";
import type { FaultOutcome } from "../faults/injection.ts";
import type { GateResult } from "../gates/gates.ts";
import type { Verdict } from "../gates/verdict.ts";
import type { LoadResult } from "../load/load-result.ts";
import type { ObservedPod } from "../observe/observer.ts";
import type { PodEvent } from "../observe/pod-history.ts";
import type { StackFigures } from "../observe/stack-counters.ts";

/** One run, as `report.json` holds it. All times in seconds count from `startedAt`. */
export interface RunReport {
  /** Rises when a reader of older reports would misread a newer one. */
  schema: 1;
  stack: string;
  endpoint: string;
  namespace: string;
  apiImage: string;
  startedAt: string;
  finishedAt: string;
  verdict: Verdict;
  exitCode: number;
  /** Why, in one sentence. */
  reason: string;
  /** What went wrong with the run itself: not with the stack, but with making or measuring the run. */
  problems: string[];
  gates: GateResult[];
  connections: number;
  durationSeconds: number;
  warmupSeconds: number;
  threads: number;
  users: number;
  scenarios: (LoadResult & { about: string; startSecond: number; stack: StackFigures | null })[];
  pods: ObservedPod[];
  events: (Omit<PodEvent, "atMs" | "kind"> & { kind: PodEvent["kind"] | "fault"; second: number })[];
  /** What `--fault` did, and how the stack took it. */
  fault: FaultOutcome | null;
  /** What `--compare` or `--compare-images` found. */
  comparison: RunComparison | null;
  /** The machine that made the load. */
  generator: { cpus: number; cpuModel: string; memoryBytes: number; kernel: string; node: string };
}
