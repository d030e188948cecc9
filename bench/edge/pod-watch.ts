import type { V1Pod, V1PodList } from "@kubernetes/client-node";
import { ApiError, type ClusterApi, podPath, withLabels } from "../../host/cluster-api.ts";
import type { PodTimes } from "./judge-membership.ts";
import { pause } from "./proof.ts";

/** Time between two looks at the pods. All times of pods are late by up to this, and by the API server's response time. */
export const lookMs = 100;

/**
 * Notes when each pod becomes ready, gets its first request, is removed and gets its last request. The number of requests
 * comes from the pod's own metrics, by the API server's proxy.
 */
export class PodWatch {
  readonly #api: ClusterApi;
  readonly #namespace: string;
  readonly #podsPath: string;
  readonly #pods = new Map<string, PodTimes & { requests: number }>();
  readonly #running: Promise<void>;
  readonly #stop = new AbortController();
  /** Pods of the first look, whose readiness has no time. */
  #first: ReadonlySet<string> | undefined;

  constructor(api: ClusterApi, namespace: string, selector: Readonly<Record<string, string>>) {
    this.#api = api;
    this.#namespace = namespace;
    this.#podsPath = withLabels(podPath(namespace), selector);
    this.#running = this.#run();
  }

  /** All pods since the first look. */
  get pods(): readonly PodTimes[] {
    return [...this.#pods.values()];
  }

  /** Ready pods that are not being removed. */
  get serving(): number {
    return this.pods.filter(({ readyMs, removedMs }) => readyMs !== undefined && removedMs === undefined)
      .length;
  }

  /** Pods that still exist. */
  get present(): number {
    return this.pods.filter(({ goneMs }) => goneMs === undefined).length;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#look();
      await pause(lookMs, this.#stop.signal).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const items = await this.#list();
    if (items === undefined) return;
    const nowMs = Date.now();
    this.#first ??= new Set(items.map(({ metadata }) => metadata?.uid ?? ""));
    for (const pod of items) this.#note(pod, nowMs);
    const present = new Set(items.map(({ metadata }) => metadata?.uid));
    for (const [uid, times] of this.#pods) if (!present.has(uid)) times.goneMs ??= nowMs;
    const changing = this.pods.filter(
      ({ readyMs, firstRequestMs, removedMs, goneMs }) =>
        goneMs === undefined &&
        readyMs !== undefined &&
        (firstRequestMs === undefined || removedMs !== undefined),
    );
    await Promise.all(changing.map((times) => this.#count(times as PodTimes & { requests: number })));
  }

  async #list(): Promise<V1Pod[] | undefined> {
    try {
      return (await this.#api.getJson<V1PodList>(this.#podsPath)).items;
    } catch (error) {
      // The next look may get a response.
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  }

  #note({ metadata, status }: V1Pod, nowMs: number): void {
    const uid = metadata?.uid ?? "";
    const wasThere = this.#first?.has(uid) === true;
    const times = this.#pods.get(uid) ?? { name: metadata?.name ?? "", wasThere, requests: 0 };
    this.#pods.set(uid, times);
    const isReady = status?.conditions?.some(
      ({ type, status: value }) => type === "Ready" && value === "True",
    );
    if (isReady) times.readyMs ??= nowMs;
    if (metadata?.deletionTimestamp) times.removedMs ??= nowMs;
  }

  async #count(times: PodTimes & { requests: number }): Promise<void> {
    const path = `${podPath(this.#namespace, `${times.name}:9000`)}/proxy/metrics`;
    const text = await this.#api.getText(path, 2000).catch(() => "");
    const requests = requestsIn(text);
    if (requests <= times.requests) return;
    const nowMs = Date.now();
    times.firstRequestMs ??= nowMs;
    // The first number after the removal may have requests of the time before.
    if (times.removedMs !== undefined && times.countedAfterRemoval === true) times.lastRequestMs = nowMs;
    if (times.removedMs !== undefined) times.countedAfterRemoval = true;
    times.requests = requests;
  }
}

/** Requests of the route /light in a pod's metrics. */
export function requestsIn(metrics: string): number {
  return metrics
    .split("\n")
    .filter((line) => /^http_requests_total\{.*route="\/light"/.test(line))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}
