import type { ClusterApi } from "../../host/cluster-api.ts";
import type { Report } from "../../host/steps.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import type { StackChange } from "../stack-change.ts";
import type { CheckPodSettings } from "./check-pod.ts";
import type { RedisClusterView } from "./redis-cluster.ts";

/** Input of a fault. */
export interface RedisFaultContext {
  outputs: ReachedStack;
  api: ClusterApi;
  view: RedisClusterView;
  change: StackChange;
  /** Time for which pods are paused, and for which partitions last. */
  pauseMs: number;
  partitionMs: number;
  /** Aborted by Ctrl-C: the fault is withdrawn. */
  signal: AbortSignal;
  report: Report;
}

/** A fault that was injected, and whose own part is over. */
export interface InjectedRedisFault {
  /** Sentence about what was done. */
  how: string;
  /** When it began, epoch ms. */
  atMs: number;
  /** When it was withdrawn, epoch ms; absent when there is nothing to withdraw. */
  endMs?: number;
  /** Further measurements, such as `3 → 5: 41 s`. */
  notes?: string[];
  /** Durations with a target of their own, in ms. */
  durations?: { what: string; ms: number; mostMs: number }[];
}

/** Which acknowledged writes a fault may lose. */
export type AllowedLoss =
  /** None: the fault is planned, or its data survives it. */
  | "none"
  /** Those that were acknowledged in the second before the fault and not yet copied: Redis copies asynchronously. */
  | "recent"
  /** All data. */
  | "all";

/** A fault of the proof. */
export interface RedisFault {
  readonly name: string;
  /** One line for --help. */
  readonly about: string;
  /**
   * Target: longest time until the slots of a shard take writes again, in ms; undefined: no target.
   */
  readonly servedMs: number | undefined;
  /** Whether that time counts from the end of the fault, because the cluster cannot serve during it. */
  readonly isServedAfterEnd?: true;
  readonly allowedLoss: AllowedLoss;
  /** Whether it needs the Deployment `redis-controller`. */
  readonly needsController?: true;
  /** Data in the cluster during the fault. */
  readonly ballast?: CheckPodSettings["ballast"];
  /** Injects the fault and returns when its own part is over; also when it fails, nothing is left of it. */
  inject(context: RedisFaultContext): Promise<InjectedRedisFault>;
}
