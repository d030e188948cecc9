import { setTimeout as sleep } from "node:timers/promises";
import type { V1PodList } from "@kubernetes/client-node";
import type { StackOutputs } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, ClusterApi, podPath } from "../../host/cluster-api.ts";
import { longestGapMs, MemorySamples, memoryReadings, type StatsSummary } from "./memory-samples.ts";
import { notReady, type PodEvent, PodLedger, type PodRecord } from "./pod-history.ts";

const lookEveryMs = 1000;
/** The kubelet tells the API server within about two seconds that a container has ended. */
const settleMs = 3000;
const longestSilenceMs = 5000;

/** One pod of the run with its memory, in bytes over seconds since the run began. */
export interface ObservedPod extends PodRecord {
  peakBytes: number | null;
  /** Fresh figures behind the peak. */
  samples: number;
  memory: { second: number; bytes: number }[];
}

export interface Observation {
  pods: ObservedPod[];
  events: PodEvent[];
  /** What could not be observed; empty when all was. */
  problems: string[];
}

/** Watches every pod of the stack once a second, from `start` to `finish`, by the stack's own kubeconfig and context. */
export class Observer {
  readonly #outputs: StackOutputs;
  readonly #api: ClusterApi;
  readonly #ledger: PodLedger;
  readonly #memory = new MemorySamples();
  readonly #problems = new Map<string, string>();
  readonly #stopping = new AbortController();
  #lastLookMs = Date.now();
  #looking: Promise<void> | undefined;

  private constructor(outputs: StackOutputs, api: ClusterApi) {
    this.#outputs = outputs;
    this.#api = api;
    this.#ledger = new PodLedger(outputs.workloads);
  }

  /**
   * Waits until every workload has its pods ready, takes the first look and goes on looking.
   *
   * @throws UserError when the cluster cannot be read, or pods are still missing after `readyWithinMs`.
   */
  static async start(outputs: StackOutputs, readyWithinMs = 60_000): Promise<Observer> {
    const api = ClusterApi.open(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
    const observer = new Observer(outputs, api);
    try {
      await observer.#waitReady(readyWithinMs);
      await observer.#look();
    } catch (error) {
      api.close();
      throw error instanceof ApiError ? unreadable(outputs, error) : error;
    }
    observer.#looking = observer.#lookOn();
    return observer;
  }

  /** The pod nearest to its memory limit at this moment, for the progress line. */
  fullest(): { pod: string; share: number } | undefined {
    let fullest: { pod: string; share: number } | undefined;
    for (const pod of this.#ledger.pods) {
      const bytes = this.#memory.readings(pod.uid).at(-1)?.bytes;
      if (bytes === undefined || pod.gone) continue;
      const share = bytes / pod.memoryLimitBytes;
      if (!fullest || share > fullest.share) fullest = { pod: pod.name, share };
    }
    return fullest;
  }

  /** Takes the last look, after `settle` long enough for late news, and sums up. */
  async finish(startedMs: number, settle = true): Promise<Observation> {
    if (settle) await sleep(settleMs);
    this.#stopping.abort();
    await this.#looking;
    await this.#tryLook();
    this.#api.close();
    const pods = this.#ledger.pods.map((pod): ObservedPod => {
      const readings = this.#memory.readings(pod.uid);
      return {
        ...pod,
        peakBytes: this.#memory.peakBytes(pod.uid) ?? null,
        samples: readings.length,
        memory: readings.map(({ takenMs, bytes }) => ({ second: (takenMs - startedMs) / 1000, bytes })),
      };
    });
    for (const pod of pods) this.#checkGap(pod);
    return { pods, events: this.#ledger.events, problems: [...this.#problems.values()] };
  }

  #checkGap(pod: ObservedPod): void {
    const gapMs = this.#memory.worstGapMs(pod.uid);
    if (gapMs > longestGapMs) {
      const seconds = (gapMs / 1000).toFixed(0);
      this.#problems.set(pod.uid, `no memory figure of ${pod.name} for ${seconds} s while it was running`);
    } else if (pod.samples === 0 && pod.appeared === "before") {
      this.#problems.set(pod.uid, `no memory figure of ${pod.name} at all`);
    }
  }

  async #waitReady(withinMs: number): Promise<void> {
    const untilMs = Date.now() + withinMs;
    for (;;) {
      const missing = notReady(this.#outputs.workloads, (await this.#pods()).items);
      if (missing.length === 0) return;
      if (Date.now() > untilMs) {
        throw new UserError(
          `the stack is not ready: ${missing.join(", ")}`,
          `look at what holds them up: kubectl -n ${this.#outputs.namespace} get pods`,
        );
      }
      await sleep(lookEveryMs);
    }
  }

  async #lookOn(): Promise<void> {
    for (;;) {
      const nextMs = this.#lastLookMs + lookEveryMs;
      await sleep(Math.max(0, nextMs - Date.now()), undefined, { signal: this.#stopping.signal }).catch(
        () => {},
      );
      if (this.#stopping.signal.aborted) return;
      await this.#tryLook();
    }
  }

  /** A look that fails is no news by itself; a silence is. */
  async #tryLook(): Promise<void> {
    const lastMs = this.#lastLookMs;
    try {
      await this.#look();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#memory.add([], this.#running(), Date.now());
      const silentMs = Date.now() - lastMs;
      if (silentMs > longestSilenceMs) {
        const seconds = (silentMs / 1000).toFixed(0);
        this.#problems.set("silence", `the cluster could not be read for ${seconds} s: ${error.message}`);
      }
      await sleep(200);
    }
  }

  async #look(): Promise<void> {
    const lookMs = Date.now();
    this.#ledger.look((await this.#pods()).items, lookMs);
    const nodes = new Set(this.#ledger.pods.filter((pod) => !pod.gone && pod.node).map((pod) => pod.node));
    const summaries = await Promise.all(
      [...nodes].map((node) =>
        this.#api.getJson<StatsSummary>(
          `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary?only_cpu_and_memory=true`,
        ),
      ),
    );
    this.#memory.add(summaries.flatMap(memoryReadings), this.#running(), Date.now());
    this.#lastLookMs = lookMs;
  }

  #running(): ReadonlySet<string> {
    return new Set(this.#ledger.pods.filter((pod) => pod.running).map((pod) => pod.uid));
  }

  #pods(): Promise<V1PodList> {
    return this.#api.getJson(podPath(this.#outputs.namespace));
  }
}

function unreadable(outputs: StackOutputs, error: ApiError): UserError {
  const { kubeconfig, kubeContext } = outputs.cluster;
  const where = `the cluster of the stack (context ${kubeContext} in ${kubeconfig})`;
  return error.status === 403 || error.status === 401
    ? new UserError(
        `${where} does not let this user observe the stack: ${error.message}`,
        `the load test needs to list pods in ${outputs.namespace} and to get nodes/proxy`,
        { cause: error },
      )
    : new UserError(
        `${where} cannot be read: ${error.message}`,
        "bring the cluster up (npm run up), then start the load test again",
        { cause: error },
      );
}
