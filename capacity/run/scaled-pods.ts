import type { V1Deployment, V1PodList } from "@kubernetes/client-node";
import { capacityAnnotation } from "../../contract/capacity-annotation.ts";
import type { StackOutputs, Workload } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi, deploymentPath, podPath } from "../../host/cluster-api.ts";
import { poll } from "../../host/poll.ts";
import { notReady, selects } from "../../loadtest/observe/pod-history.ts";

const readyTimeoutMs = 300_000;
const pollMs = 1000;
const requestTimeoutMs = 20_000;

/** Value of the annotation. */
interface Change {
  /** The number of pods to put back. */
  original: number;
  /** The number of pods that was set. Another number in the Deployment is someone else's. */
  set: number;
}

/** What a restoration found. */
export type Restoration = "nothing to restore" | "restored" | "changed by someone else";

/**
 * The Deployment of the API, for stacks whose number of pods may be changed.
 *
 * @throws {UserError} with exit code 2 for an autoscaled API and for pools.
 */
export function scalableApi({ workloads }: Pick<StackOutputs, "workloads">): Workload {
  const [api, ...others] = workloads.filter(({ role }) => role === "api");
  const refuse = (what: string, fix: string) => new UserError(what, fix, { exitCode: 2 });
  if (!api) throw refuse("the stack has no API: there is nothing to measure", "deploy it: npm run up");
  if (others.length > 0 || api.name !== "api")
    throw refuse(
      `the stack has pools (api.pools: ${[api, ...others].map(({ name }) => name).join(", ")}); the capacity is measured of one Deployment, whose number of pods changes`,
      "measure a stack without pools: pulumi config rm --path api.pools, then npm run up",
    );
  if (api.maxReplicas !== undefined)
    throw refuse(
      `an autoscaler chooses the number of API pods (api.autoscale.max: ${api.maxReplicas}); the capacity is measured at numbers that stay`,
      "measure a stack without it: pulumi config rm --path api.autoscale, then npm run up",
    );
  return api;
}

/**
 * Changes the number of API pods of a running stack, and puts it back.
 *
 * One request changes the number and notes the original one in an annotation of the Deployment, so that no kill comes between
 * them, and any later run, on any machine, finds what to restore. Pulumi's state and stack config never change
 * (docs/decisions.md#pods-of-a-capacity-run).
 */
export class ScaledPods {
  readonly #api: ClusterApi;
  readonly #namespace: string;
  readonly #workload: Workload;

  /** @param workload of `scalableApi` */
  constructor(api: ClusterApi, namespace: string, workload: Workload) {
    this.#api = api;
    this.#namespace = namespace;
    this.#workload = workload;
  }

  /**
   * Sets the number of pods and waits until exactly that many exist, all ready.
   *
   * @throws {UserError} when they are not ready in five minutes, or the user may not change the Deployment.
   */
  async scaleTo(pods: number, signal?: AbortSignal): Promise<void> {
    const { replicas, change } = await this.#read();
    const original = change !== undefined && change.set === replicas ? change.original : replicas;
    if (replicas !== pods)
      await this.#patch({ metadata: annotated({ original, set: pods }), spec: { replicas: pods } });
    await this.#waitFor(pods, signal);
  }

  /** Puts the original number of pods back, if another one was set. It does not wait for the pods. @throws {UserError} */
  async restore(): Promise<Restoration> {
    const { replicas, change } = await this.#read();
    if (change === undefined) return "nothing to restore";
    const isOurs = change.set === replicas;
    await this.#patch({
      metadata: annotated(null),
      ...(isOurs && { spec: { replicas: change.original } }),
    });
    return isOurs ? "restored" : "changed by someone else";
  }

  /** Waits until exactly this many pods exist, all ready. @throws {UserError} after five minutes */
  async #waitFor(pods: number, signal?: AbortSignal): Promise<void> {
    let problem = "";
    const timing = { intervalMs: pollMs, timeoutMs: readyTimeoutMs, ...(signal && { signal }) };
    const isReady = await poll(timing, async () => {
      const { items } = await this.#api.getJson<V1PodList>(podPath(this.#namespace), requestTimeoutMs);
      const own = items.filter(
        (pod) =>
          selects(this.#workload.selector, pod.metadata?.labels) &&
          pod.status?.phase !== "Failed" &&
          pod.status?.phase !== "Succeeded",
      );
      const missing = notReady([{ ...this.#workload, replicas: pods }], own);
      problem = missing[0] ?? `${own.length} pods of ${this.#workload.name} exist, not ${pods}`;
      return missing.length === 0 && own.length === pods;
    });
    if (isReady) return;
    throw new UserError(
      `the stack does not get to ${pods} API pods in ${readyTimeoutMs / 60_000} min: ${problem}`,
      `see why: kubectl -n ${this.#namespace} get pods; or measure fewer: --pods`,
    );
  }

  async #read(): Promise<{ replicas: number; change: Change | undefined }> {
    const path = deploymentPath(this.#namespace, this.#workload.name);
    const { spec, metadata } = await this.#api
      .getJson<V1Deployment>(path, requestTimeoutMs)
      .catch((error: unknown) => this.#refused(error));
    return {
      replicas: spec?.replicas ?? 1,
      change: parseChange(metadata?.annotations?.[capacityAnnotation]),
    };
  }

  async #patch(patch: object): Promise<void> {
    const path = deploymentPath(this.#namespace, this.#workload.name);
    await this.#api.patch(path, patch, requestTimeoutMs).catch((error: unknown) => this.#refused(error));
  }

  #refused(error: unknown): never {
    if (!(error instanceof ApiError)) throw error;
    throw new UserError(
      `the Deployment ${this.#workload.name} cannot be read or changed: ${error.message}`,
      `this user needs to get and patch Deployments in ${this.#namespace}; afterwards: npm run capacity -- --restore`,
      { cause: error },
    );
  }
}

const annotated = (change: Change | null) => ({
  annotations: { [capacityAnnotation]: change && JSON.stringify(change) },
});

function parseChange(text: string | undefined): Change | undefined {
  if (text === undefined) return undefined;
  try {
    const { original, set } = JSON.parse(text) as Partial<Change>;
    return Number.isInteger(original) && Number.isInteger(set) ? ({ original, set } as Change) : undefined;
  } catch {
    return undefined;
  }
}
