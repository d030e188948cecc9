import { setTimeout as sleep } from "node:timers/promises";
import type { V1PodList } from "@kubernetes/client-node";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi, podPath } from "../../host/cluster-api.ts";
import { openCluster } from "../../host/open-cluster.ts";
import { poll } from "../../host/poll.ts";
import type { ReachedStack } from "../cluster-search.ts";
import type { ObservedPod } from "../report/schema/pod.ts";
import {
  longestGapMs,
  MemorySamples,
  memoryKey,
  memoryReadings,
  type StatsSummary,
} from "./memory-samples.ts";
import { notReady, type PodEvent, PodHistory } from "./pod-history.ts";

const sampleEveryMs = 1000;
/** The kubelet reports the end of a container to the API server within about two seconds. */
const settleMs = 3000;
const longestSilenceMs = 5000;

/** Observations of a run. */
export interface Observation {
  pods: ObservedPod[];
  events: PodEvent[];
  /** Problems of the observation; usually empty. */
  problems: string[];
}

/** Lists every pod of the stack once a second, from `start` to `finish`, with the stack's own kubeconfig and context. */
export class Observer {
  readonly #outputs: ReachedStack;
  readonly #api: ClusterApi;
  readonly #history: PodHistory;
  readonly #memory = new MemorySamples();
  readonly #problems = new Map<string, string>();
  readonly #stopping = new AbortController();
  #lastSampleMs = Date.now();
  #sampling: Promise<void> | undefined;

  private constructor(outputs: ReachedStack, api: ClusterApi) {
    this.#outputs = outputs;
    this.#api = api;
    this.#history = new PodHistory(outputs.workloads);
  }

  /**
   * Waits until every workload has its pods ready, takes the first sample and continues once a second.
   *
   * @throws {UserError} when the cluster cannot be read, or pods are still missing after `readyTimeoutMs`.
   */
  static async start(outputs: ReachedStack, readyTimeoutMs = 60_000): Promise<Observer> {
    const api = openCluster(outputs.cluster.kubeconfig, outputs.cluster.kubeContext);
    const observer = new Observer(outputs, api);
    try {
      await observer.#waitReady(readyTimeoutMs);
      await observer.#sample();
    } catch (error) {
      api.close();
      throw error instanceof ApiError ? unreadable(outputs, error) : error;
    }
    observer.#sampling = observer.#sampleRepeatedly();
    return observer;
  }

  /** What happened to the pods so far. */
  get events(): readonly PodEvent[] {
    return this.#history.events;
  }

  /** The pod that is now closest to its memory limit, for the progress line. */
  fullest(): { pod: string; share: number } | undefined {
    let fullest: { pod: string; share: number } | undefined;
    for (const pod of this.#history.pods) {
      for (const { name, kind, memoryLimitBytes } of this.#history.containersOf(pod.uid)) {
        const bytes = this.#memory.readings(memoryKey(pod.uid, name)).at(-1)?.bytes;
        const limitBytes = kind === "main" ? pod.memoryLimitBytes : memoryLimitBytes;
        if (bytes === undefined || limitBytes === null || pod.gone) continue;
        const share = bytes / limitBytes;
        if (!fullest || share > fullest.share) fullest = { pod: pod.name, share };
      }
    }
    return fullest;
  }

  /**
   * Takes the last sample and returns the result.
   *
   * @param settle whether to wait first until the cluster has reported the last container ends
   */
  async finish(startedMs: number, settle = true): Promise<Observation> {
    if (settle) await sleep(settleMs);
    this.#stopping.abort();
    await this.#sampling;
    await this.#trySample();
    this.#api.close();
    const pods = this.#history.pods.map((pod): ObservedPod => {
      const containers = this.#history.containersOf(pod.uid);
      const main = containers.find(({ kind }) => kind === "main");
      return {
        ...pod,
        ...this.#memoryOf(pod.uid, main?.name ?? "", startedMs),
        sidecars: containers
          .filter(({ kind }) => kind === "sidecar")
          .map(({ name, memoryLimitBytes }) => ({
            name,
            memoryLimitBytes,
            ...this.#memoryOf(pod.uid, name, startedMs),
          })),
      };
    });
    for (const pod of pods) {
      for (const { name } of this.#history.containersOf(pod.uid)) this.#checkGap(pod, name);
    }
    return { pods, events: this.#history.events, problems: [...this.#problems.values()] };
  }

  /** Stops the observation and closes its connections. May be called after `finish`. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#sampling;
    this.#api.close();
  }

  #memoryOf(
    uid: string,
    container: string,
    startedMs: number,
  ): Pick<ObservedPod, "peakBytes" | "samples" | "memory"> {
    const key = memoryKey(uid, container);
    const readings = this.#memory.readings(key);
    return {
      peakBytes: this.#memory.peakBytes(key) ?? null,
      samples: readings.length,
      memory: readings.map(({ takenMs, bytes }) => ({ second: (takenMs - startedMs) / 1000, bytes })),
    };
  }

  #checkGap(pod: ObservedPod, container: string): void {
    const key = memoryKey(pod.uid, container);
    const gapMs = this.#memory.worstGapMs(key);
    const what = `no memory sample of ${container} in ${pod.name}`;
    if (gapMs > longestGapMs) {
      this.#problems.set(key, `${what} for ${(gapMs / 1000).toFixed(0)} s while it was running`);
    } else if (this.#memory.readings(key).length === 0 && pod.appeared === "before") {
      this.#problems.set(key, `${what} at all`);
    }
  }

  async #waitReady(timeoutMs: number): Promise<void> {
    let missing: string[] = [];
    const ready = await poll({ intervalMs: sampleEveryMs, timeoutMs }, async () => {
      missing = notReady(this.#outputs.workloads, (await this.#pods()).items);
      return missing.length === 0;
    });
    if (ready) return;
    throw new UserError(
      `the stack is not ready: ${missing.join(", ")}`,
      `see why: kubectl -n ${this.#outputs.namespace} get pods`,
    );
  }

  async #sampleRepeatedly(): Promise<void> {
    for (;;) {
      const nextMs = this.#lastSampleMs + sampleEveryMs;
      await sleep(Math.max(0, nextMs - Date.now()), undefined, { signal: this.#stopping.signal }).catch(
        () => {},
      );
      if (this.#stopping.signal.aborted) return;
      await this.#trySample();
    }
  }

  /** One failed sample is no problem. Several seconds without any are. */
  async #trySample(): Promise<void> {
    const lastMs = this.#lastSampleMs;
    try {
      await this.#sample();
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

  async #sample(): Promise<void> {
    const sampleMs = Date.now();
    this.#history.add((await this.#pods()).items, sampleMs);
    const nodes = new Set(this.#history.pods.filter((pod) => !pod.gone && pod.node).map((pod) => pod.node));
    const summaries = await Promise.all(
      [...nodes].map((node) =>
        this.#api.getJson<StatsSummary>(
          `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary?only_cpu_and_memory=true`,
        ),
      ),
    );
    this.#memory.add(summaries.flatMap(memoryReadings), this.#running(), Date.now());
    this.#lastSampleMs = sampleMs;
  }

  #running(): ReadonlySet<string> {
    return new Set(
      this.#history.pods.flatMap(({ uid, gone }) =>
        this.#history
          .containersOf(uid)
          .filter(({ isRunning }) => isRunning && !gone)
          .map(({ name }) => memoryKey(uid, name)),
      ),
    );
  }

  #pods(): Promise<V1PodList> {
    return this.#api.getJson(podPath(this.#outputs.namespace));
  }
}

function unreadable(outputs: ReachedStack, error: ApiError): UserError {
  const { kubeconfig, kubeContext } = outputs.cluster;
  const where = `the cluster of the stack (context ${kubeContext} in ${kubeconfig.join(", ")})`;
  return error.status === 403 || error.status === 401
    ? new UserError(
        `${where} refuses this user: ${error.message}`,
        `the load test needs to list pods in ${outputs.namespace} and to get nodes/proxy`,
        { cause: error },
      )
    : new UserError(
        `${where} cannot be read: ${error.message}`,
        "bring the cluster up (npm run up), then start the load test again",
        { cause: error },
      );
}
