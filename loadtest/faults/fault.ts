import type { Workload } from "../../contract/outputs.ts";
import type { ClusterApi } from "../../host/cluster-api.ts";
import type { ReachedStack } from "../cluster-search.ts";
import type { ExpectedEffect } from "../gates/judge-gates.ts";

/** Input of a fault. */
export interface FaultContext {
  outputs: ReachedStack;
  /** Must stay open until the fault is undone. */
  api: ClusterApi;
  /** How long `pause-api` stops its pod, in seconds. */
  pauseSeconds: number;
  /** Where this machine lists its processes, usually `/proc`. */
  procFolder: string;
}

/** A fault that was injected. */
export interface InjectedFault {
  /** The affected pod; absent when all pods of the workloads are affected. */
  pod?: string;
  /** The workloads that must recover. */
  workloads: Workload[];
  /** Epoch ms. */
  atMs: number;
  /** Sentence about what was done to which pods. */
  how: string;
  /** Effects until the end of the run. The undo of some faults replaces pods once more. */
  expected: ExpectedEffect[];
  /** Reverts the effects that do not end by themselves. May be called at any time, and more than once. */
  undo(): Promise<void>;
}

/** A disturbance of the stack under load. Each fault has a file and a row in `faults.ts`. */
export interface Fault<Name extends string = string> {
  readonly name: Name;
  /** One line for --help. */
  readonly about: string;
  /** The role of the workloads that it affects. */
  readonly target: Workload["role"];
  /** Permissions that the user of the kubeconfig needs. Ends the sentence "the user needs to …". */
  readonly needs: string;
  /**
   * Checks before the run, without any effect, whether the fault can be injected. Absent: one ready pod is enough.
   *
   * @throws {UserError} when it cannot.
   * @throws {ApiError} when the cluster refuses.
   */
  check?(context: FaultContext): Promise<void>;
  /**
   * Injects the fault and returns as soon as that is done.
   *
   * @throws {UserError} when it cannot; nothing is left to undo then.
   * @throws {ApiError} when the cluster refuses.
   */
  inject(context: FaultContext): Promise<InjectedFault>;
}

/** A fault whose name is known to the type checker. */
export function defineFault<const Name extends string>(fault: Fault<Name>): Fault<Name> {
  return fault;
}
