import type { StackOutputs } from "../../contract/outputs.ts";
import { ClusterApi } from "../../host/cluster-api.ts";
import type { LoadResult } from "../load/load-result.ts";
import type { PodEvent } from "../observe/pod-history.ts";
import type { ExpectedHarm, FaultName, StruckFault } from "./fault.ts";
import { checkStrike, strike } from "./inject.ts";
import { type Recovery, recoveryOf } from "./recovery.ts";

/** Share of the measured time after which the fault is struck: enough before it to compare with, more after it. */
const strikeAfterShare = 0.3;

/** The fault of a run: what was done and how the stack took it. */
export interface FaultOutcome extends Recovery {
  name: FaultName;
  how: string;
  pod: string | null;
  /** Epoch ms. */
  atMs: number;
}

/** One fault, from the check before the run until it is undone. */
export class Injection {
  readonly #name: FaultName;
  readonly #outputs: StackOutputs;
  readonly #api: ClusterApi;
  #striking: Promise<void> | undefined;
  #struck: StruckFault | undefined;
  /** Why it could not be struck. */
  problem: string | undefined;

  private constructor(name: FaultName, outputs: StackOutputs, api: ClusterApi) {
    this.#name = name;
    this.#outputs = outputs;
    this.#api = api;
  }

  /** Looks whether the fault could be struck. @throws UserError when it could not. */
  static async prepare(name: FaultName, outputs: StackOutputs): Promise<Injection> {
    const api = ClusterApi.open(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
    try {
      await checkStrike(name, outputs, api);
    } catch (error) {
      api.close();
      throw error;
    }
    return new Injection(name, outputs, api);
  }

  /** Told each second of the load; strikes once when its time has come. */
  onSecond(second: number, durationSeconds: number): void {
    if (this.#striking || second < durationSeconds * strikeAfterShare) return;
    this.#striking = strike(this.#name, this.#outputs, this.#api).then(
      (struck) => {
        this.#struck = struck;
      },
      (error: Error) => {
        this.problem = error.message;
      },
    );
  }

  /** What the fault is bound to bring about. */
  get expected(): readonly ExpectedHarm[] {
    return this.#struck?.expected ?? [];
  }

  /** How the stack took it; undefined when it was not struck. */
  outcome(load: LoadResult | undefined, events: readonly PodEvent[]): FaultOutcome | undefined {
    const struck = this.#struck;
    if (!struck || !load) return undefined;
    const { name, how, atMs, pod = null, workloads } = struck;
    const recovery = recoveryOf({
      faultAtMs: atMs,
      load: { ...load, failedAtMs: load.failedAtSeconds.map((second) => second * 1000) },
      events,
      workloads,
    });
    return { name, how, pod, atMs, ...recovery };
  }

  /** Leaves the cluster as it was. @throws UserError when that does not work. */
  async undo(): Promise<void> {
    await this.#striking;
    try {
      await this.#struck?.undo();
    } finally {
      this.#api.close();
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
  const back =
    recoveredMs === null ? `not recovered: ${outcome.reason}` : `recovered after ${seconds(recoveredMs)}`;
  return `${outcome.how}: ${errors}; ${back}`;
}
