import { UserError } from "../../contract/user-error.ts";
import { ApiError } from "../../host/cluster-api.ts";
import { openCluster } from "../../host/open-cluster.ts";
import { poll } from "../../host/poll.ts";
import type { ReachedStack } from "../cluster-search.ts";
import type { ExpectedEffect } from "../gates/judge-gates.ts";
import type { PodEvent } from "../observe/pod-history.ts";
import { readyPods } from "../observe/ready-pods.ts";
import type { FaultOutcome } from "../report/schema/fault.ts";
import type { LoadResult } from "../report/schema/scenario.ts";
import type { Fault, FaultContext, InjectedFault } from "./fault.ts";
import type { FaultName } from "./faults.ts";
import { missingPods, recoveryOf } from "./recovery.ts";

/** Share of the measured time after which the fault is injected. The time before it serves as comparison, the rest as time to recover. */
const injectAfterShare = 0.3;

/** How long the pods are watched after a fault. */
export const recoveryBoundMs = 120_000;

/** The fault of one run, from the check before the run to its undo. */
export class Injection {
  readonly #fault: Fault<FaultName>;
  readonly #context: FaultContext;
  #injecting: Promise<void> | undefined;
  #injected: InjectedFault | undefined;
  #problem: string | undefined;
  #wasWatched = false;

  private constructor(fault: Fault<FaultName>, context: FaultContext) {
    this.#fault = fault;
    this.#context = context;
  }

  /** Checks whether the fault can be injected. @throws {UserError} when it cannot. */
  static async prepare(fault: Fault<FaultName>, outputs: ReachedStack): Promise<Injection> {
    const api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
    const context = { outputs, api, pauseSeconds: 5, procFolder: "/proc" };
    try {
      await checkFault(fault, context);
    } catch (error) {
      api.close();
      throw error;
    }
    return new Injection(fault, context);
  }

  /** Called every second of the load. Injects the fault once, at its time. */
  onSecond(second: number, durationSeconds: number): void {
    if (this.#injecting || second < durationSeconds * injectAfterShare) return;
    this.#injecting = injectFault(this.#fault, this.#context).then(
      (injected) => {
        this.#injected = injected;
      },
      (error: Error) => {
        this.#problem = error.message;
      },
    );
  }

  /** Effects of the fault itself. */
  get expected(): readonly ExpectedEffect[] {
    return this.#injected?.expected ?? [];
  }

  /** How the stack recovered; undefined when the fault was not injected. */
  outcome(load: LoadResult | undefined, events: readonly PodEvent[]): FaultOutcome | undefined {
    if (!this.#injected || !load) return undefined;
    const { how, atMs, pod = null, workloads } = this.#injected;
    const recovery = recoveryOf({
      faultAtMs: atMs,
      load: { ...load, failedAtMs: load.failedAtSeconds.map((second) => second * 1000) },
      events,
      workloads,
      wasWatched: this.#wasWatched,
    });
    return { name: this.#fault.name, how, pod, atMs, ...recovery };
  }

  /** Waits after the load until the pods of the affected workloads are ready, or the bound is over. */
  async waitForPods(events: () => readonly PodEvent[], signal: AbortSignal): Promise<void> {
    await this.#injecting;
    if (!this.#injected) return;
    const { atMs: faultAtMs, workloads } = this.#injected;
    const timeoutMs = Math.max(0, faultAtMs + recoveryBoundMs - Date.now());
    const isReady = async () =>
      signal.aborted || missingPods({ faultAtMs, events: events(), workloads }).length === 0;
    await poll({ intervalMs: 500, timeoutMs }, isReady);
    this.#wasWatched = !signal.aborted;
  }

  /** Waits for an injection in progress. @returns why the fault could not be injected, if so */
  async settle(): Promise<string | undefined> {
    await this.#injecting;
    return this.#problem;
  }

  /** Reverts the fault and closes the connections. @throws {UserError} when it cannot be reverted. */
  async undo(): Promise<void> {
    await this.#injecting;
    try {
      await this.#injected?.undo();
    } finally {
      this.#context.api.close();
    }
  }
}

/** The outcome in one sentence. */
export function describeOutcome(outcome: FaultOutcome): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const { errorWindow, failedRequests, recoveredMs } = outcome;
  const errors =
    errorWindow === null
      ? "no request failed"
      : `${failedRequests.toLocaleString("en-US")} requests failed, from ${seconds(errorWindow.fromMs)} to ${seconds(errorWindow.toMs)} after it`;
  const recovery =
    recoveredMs === null ? recoveryProblem(outcome) : `recovered after ${seconds(recoveredMs)}`;
  return `${outcome.how}: ${errors}; ${recovery}`;
}

/** Why a stack has not recovered, or why that is unknown. */
export function recoveryProblem({ outcome, reason }: FaultOutcome): string {
  return outcome === "unknown" ? `the recovery is unknown: ${reason}` : `not recovered: ${reason}`;
}

/** Checks without any effect whether a fault can be injected. @throws {UserError} when it cannot. */
export async function checkFault(fault: Fault, context: FaultContext): Promise<void> {
  const autoscaled = context.outputs.workloads.find(({ maxReplicas }) => maxReplicas !== undefined);
  if (autoscaled !== undefined)
    throw new UserError(
      `the fault ${fault.name} needs a fixed number of pods, and those of ${autoscaled.name} come and go by api.autoscale`,
      "pulumi config rm --path api.autoscale, then pulumi up; or run the load test without --fault",
    );
  await explained(fault, context, async () => {
    if (fault.check) await fault.check(context);
    else await readyPods(fault.target, context.outputs, context.api);
  });
}

/**
 * Injects a fault and returns as soon as that is done.
 *
 * @throws {UserError} when it cannot be injected; nothing is left to undo then.
 */
export async function injectFault(fault: Fault, context: FaultContext): Promise<InjectedFault> {
  return explained(fault, context, () => fault.inject(context));
}

/** Turns errors of the API server into errors that a user can act on. */
async function explained<T>(fault: Fault, { outputs }: FaultContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const forbidden = error.status === 401 || error.status === 403;
    throw new UserError(
      `the fault ${fault.name} could not be injected: ${error.message}`,
      forbidden
        ? `the user of context ${outputs.cluster.kubeContext} needs to ${fault.needs} in ${outputs.namespace}`
        : `see whether the cluster answers: kubectl -n ${outputs.namespace} get pods`,
      { cause: error },
    );
  }
}
