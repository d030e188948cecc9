import type {
  V1ConfigMap,
  V1Deployment,
  V1Pod,
  V1PodSpec,
  V1Secret,
  V1StatefulSet,
} from "@kubernetes/client-node";
import { capacityAnnotation } from "../contract/capacity-annotation.ts";
import { controllerName } from "../contract/redis-controller.ts";
import { canaryName } from "../contract/release-overlay.ts";
import {
  ApiError,
  type ClusterApi,
  configMapPath,
  deploymentPath,
  podPath,
  secretPath,
  statefulSetPath,
  withLabels,
} from "../host/cluster-api.ts";
import type { ReachedStack } from "../loadtest/cluster-search.ts";
import { whyNotReady } from "../loadtest/compare/image-pools.ts";
import type { DeployResult } from "./next-step.ts";
import type { Rendered, Version } from "./record.ts";
import { sha256, versionOf } from "./versions.ts";

/** Longest text of a configuration file that a record keeps. */
const keptText = 24_000;
/** Files that are settings and no programs. */
const isSettings = (file: string) => /\.(conf|json|acl)$/.test(file);

/** A Deployment of the API. */
export interface StackPool {
  version: Version;
  /** Number of pods that it wants. */
  replicas: number;
  /** Why its pods are not all of its version, or not as many as the stack wants; undefined: they are. */
  unfinished?: string;
}

/** The stack as its cluster has it, for the record of a release. */
export class ClusterView {
  readonly #api: Pick<ClusterApi, "getJson">;
  readonly #namespace: string;

  constructor(api: Pick<ClusterApi, "getJson">, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /** A Deployment's version and number of pods. @returns undefined when there is no such Deployment */
  async pool(name: string): Promise<StackPool | undefined> {
    const deployment = await this.#find<V1Deployment>(deploymentPath(this.#namespace, name));
    if (deployment === undefined) return undefined;
    const pods = await this.#podsOf(deployment);
    const unfinished = unfinishedOf(deployment);
    return {
      version: versionOf(deployment, pods, await this.#variablesOf(deployment)),
      replicas: deployment.spec?.replicas ?? 1,
      ...(unfinished !== undefined && { unfinished }),
    };
  }

  /** The image that the kit's own programs run in; null without such a program. */
  async kitImage(): Promise<string | null> {
    const found = await this.#find<V1Deployment>(deploymentPath(this.#namespace, controllerName));
    return found?.spec?.template.spec?.containers[0]?.image ?? null;
  }

  /** Whose fault it is that an update failed: the canary's, when its pods do not become ready. */
  async faultOf(failure: string): Promise<DeployResult> {
    const canary = await this.#find<V1Deployment>(deploymentPath(this.#namespace, canaryName)).catch(
      () => undefined,
    );
    if (canary === undefined) return { kind: "broken", reason: failure };
    const pods = await this.#podsOf(canary).catch(() => []);
    const isWhole = pods.length > 0 && pods.every(isReady);
    // The cluster has no room for it, or refuses it: another version would not fare better.
    const isUnscheduled = pods.some((pod) => hasCondition(pod, "PodScheduled", "False"));
    if (isWhole || isUnscheduled || pods.length === 0) return { kind: "broken", reason: failure };
    return {
      kind: "not ready",
      reason: `a pod of the new version does not become ready: ${whyNotReady(pods).reason}`,
    };
  }

  /**
   * The rendered configuration of the gateway and of Redis, the settings of a pool, and the scenarios and gates. None has values of
   * Secrets.
   */
  async rendered(pool: string, { loadtest }: Pick<ReachedStack, "loadtest">): Promise<Rendered> {
    const files: Rendered = { "loadtest/settings.json": kept(JSON.stringify(loadtest, null, 1)) };
    const gateway = await this.#find<V1Deployment>(deploymentPath(this.#namespace, "nginx"));
    const redis = await this.#find<V1StatefulSet>(statefulSetPath(this.#namespace, "redis"));
    for (const [name, spec] of [
      ["nginx", gateway?.spec?.template.spec],
      ["redis", redis?.spec?.template.spec],
    ] as const)
      for (const [file, text] of await this.#mountedFiles(spec)) files[`${name}/${file}`] = kept(text);
    const api = await this.#find<V1Deployment>(deploymentPath(this.#namespace, pool));
    const [main] = api?.spec?.template.spec?.containers ?? [];
    if (main !== undefined) {
      const { image, env, resources } = main;
      files["api/container.json"] = kept(JSON.stringify({ image, env, resources }, null, 1));
    }
    return files;
  }

  async #mountedFiles(spec: V1PodSpec | undefined): Promise<[string, string][]> {
    const names = (spec?.volumes ?? []).flatMap(({ configMap }) =>
      configMap?.name === undefined ? [] : [configMap.name],
    );
    const files: [string, string][] = [];
    for (const name of names) {
      const found = await this.#find<V1ConfigMap>(configMapPath(this.#namespace, name));
      files.push(...Object.entries(found?.data ?? {}).filter(([file]) => isSettings(file)));
    }
    return files;
  }

  /** Variables that the pods have from Secrets. One that may not be read counts as empty. */
  async #variablesOf({ spec }: V1Deployment): Promise<unknown[]> {
    const sources = (spec?.template.spec?.containers ?? []).flatMap(({ envFrom = [] }) => envFrom);
    const names = sources.flatMap(({ secretRef }) => (secretRef?.name === undefined ? [] : [secretRef.name]));
    return Promise.all(
      names.map(async (name) => {
        const found = await this.#find<V1Secret>(secretPath(this.#namespace, name)).catch(() => undefined);
        return found?.data ?? {};
      }),
    );
  }

  async #podsOf({ spec }: V1Deployment): Promise<V1Pod[]> {
    const path = withLabels(podPath(this.#namespace), spec?.selector.matchLabels ?? {});
    const { items } = await this.#api.getJson<{ items: V1Pod[] }>(path);
    return items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  }

  async #find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.#api.getJson<T>(path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }
}

function unfinishedOf({ metadata, spec, status }: V1Deployment): string | undefined {
  const { replicas = 1 } = spec ?? {};
  const { updatedReplicas = 0, readyReplicas = 0, observedGeneration = 0 } = status ?? {};
  if (metadata?.annotations?.[capacityAnnotation] !== undefined)
    return "npm run capacity has changed the number of its pods, and was killed";
  if (observedGeneration < (metadata?.generation ?? 0)) return "its last rollout has not begun";
  if (updatedReplicas < replicas) return `${updatedReplicas} of ${replicas} pods are of its last rollout`;
  return readyReplicas < replicas ? `${readyReplicas} of ${replicas} pods are ready` : undefined;
}

function isReady(pod: V1Pod): boolean {
  return hasCondition(pod, "Ready", "True");
}

function hasCondition({ status }: V1Pod, type: string, value: string): boolean {
  return (status?.conditions ?? []).some((each) => each.type === type && each.status === value);
}

function kept(text: string): Rendered[string] {
  return { sha256: sha256(text), text: text.length <= keptText ? text : null };
}
