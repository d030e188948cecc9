import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { withLabels } from "../host/cluster-api.ts";
import { type ClusterReader, pathOf, requestTimeoutMs, statusOf } from "./cluster-reader.ts";
import { eventsOf, evidenceOf } from "./rollout-report.ts";
import {
  type BrokenPod,
  type DeploymentView,
  judgeRollout,
  type PodView,
  type ReplicaSetView,
  type SetView,
  setViewOf,
  type Verdict,
} from "./rollout-verdict.ts";

const pollMs = 500;
/** Pause for each pod, because a list of many pods is long. */
const pollMsPerPod = 10;
const timeoutMs = 600_000;
/** Time for which the API server may be silent. */
const outageMs = 60_000;
/** A quota, or an admission rule, is corrected by hand only. */
const refusalPatienceMs = 15_000;
/** A running pod of a Deployment is ready in this time. Those of a StatefulSet wait for each other, or recover data. */
const unreadyMs = 120_000;

/** A workload whose rollout is waited for. */
export interface RolloutTarget {
  kind: "Deployment" | "StatefulSet";
  name: string;
  namespace: string;
  /** Labels of its pods. */
  selector: Record<string, string>;
}

/**
 * Annotation of workloads that Pulumi does not wait for, because it would wait for ten minutes for pods that cannot start,
 * would not report what they wrote, and would not replace pods that are stuck. See docs/decisions.md#rollouts-of-statefulsets.
 */
export const awaitedHere = { "pulumi.com/waitFor": "jsonpath={.metadata.uid}" };

/**
 * Waits in every `pulumi up` until all pods of a workload run, or until all have the new version and are ready. It deletes
 * pods of an earlier version of a StatefulSet that cannot start, which Kubernetes would keep for ever (kubernetes#67250). A
 * preview does not wait.
 *
 * @returns the resource, so that other resources can depend on it
 */
export function afterRollout<T extends pulumi.CustomResource>(
  cluster: ClusterReader,
  workload: T,
  target: RolloutTarget,
  state: "running" | "ready",
): pulumi.Output<T> {
  return workload.id.apply(async () => {
    if (!pulumi.runtime.isDryRun()) await waitForRollout(cluster, target, state, workload);
    return workload;
  }) as pulumi.Output<T>;
}

/**
 * Waits for one workload.
 *
 * @param resource where progress is shown
 * @throws {pulumi.RunError} when a pod cannot start, or after ten minutes.
 */
export async function waitForRollout(
  cluster: ClusterReader,
  { kind, name, namespace, selector }: RolloutTarget,
  state: "running" | "ready",
  resource?: pulumi.Resource,
): Promise<void> {
  const podsPath = withLabels(pathOf("pods", namespace), selector);
  const setsPath = withLabels(pathOf("replicasets", namespace), selector);
  const startedMs = Date.now();
  const brokenSinceMs = new Map<string, number>();
  const stuckSinceMs = new Map<string, number>();
  let reported = "";
  const read = <T>(path: string) => readPatiently(() => cluster.getJson<T>(path, requestTimeoutMs));
  const readSet = async (): Promise<SetView> => {
    if (kind === "StatefulSet") return read<SetView>(pathOf("statefulsets", namespace, name));
    const deployment = await read<DeploymentView>(pathOf("deployments", namespace, name));
    const sets = await read<{ items: ReplicaSetView[] }>(setsPath);
    return setViewOf(deployment, sets.items);
  };
  for (;;) {
    const [set, { items }] = await Promise.all([readSet(), read<{ items: PodView[] }>(podsPath)]);
    const verdict = judgeRollout(set, items, kind === "Deployment" ? unreadyMs : undefined);
    if (verdict.state === "ready" || verdict.state === state) return;
    await failWhenLasting(cluster, verdict, brokenSinceMs, { kind, name, namespace });
    if (kind === "StatefulSet") await replaceStuck(cluster, namespace, verdict, stuckSinceMs, resource);
    const elapsedMs = Date.now() - startedMs;
    if (elapsedMs > timeoutMs)
      throw new pulumi.RunError(
        `The ${kind} ${name} still waits for ${verdict.waitsFor} after ${timeoutMs / 60_000} min; kubectl describe pod -n ${namespace} says why, and the next pulumi up goes on`,
      );
    if (elapsedMs > 5000 && verdict.waitsFor !== reported) {
      reported = verdict.waitsFor;
      void pulumi.log.info(`waits for ${reported}`, resource, undefined, true);
    }
    await sleep(Math.max(pollMs, pollMsPerPod * items.length));
  }
}

/** Reads again while the API server does not respond: a rollout may outlast its restart, and a connection its idle time. */
async function readPatiently<T>(read: () => Promise<T>): Promise<T> {
  for (const startedMs = Date.now(); ; await sleep(pollMs)) {
    try {
      return await read();
    } catch (error) {
      const isPassing = statusOf(error) === 0 || statusOf(error) >= 500;
      if (!isPassing || Date.now() - startedMs > outageMs) throw error;
    }
  }
}

async function failWhenLasting(
  cluster: ClusterReader,
  { broken, refused }: Verdict,
  sinceMs: Map<string, number>,
  { kind, name, namespace }: Pick<RolloutTarget, "kind" | "name" | "namespace">,
): Promise<void> {
  const refusal = refused === undefined ? [] : [{ key: "refused", patienceMs: refusalPatienceMs, refused }];
  const seen = [...broken.map((pod) => ({ ...pod, key: keyOf(pod) })), ...refusal];
  for (const key of sinceMs.keys())
    if (isWaiting(key) && !seen.some((each) => each.key === key)) sinceMs.delete(key);
  const nowMs = Date.now();
  for (const each of seen) {
    const since = sinceMs.get(each.key) ?? nowMs;
    sinceMs.set(each.key, since);
    if (nowMs - since < each.patienceMs) continue;
    if ("refused" in each)
      throw new pulumi.RunError(
        `Kubernetes creates no further pods of the ${kind} ${name}: ${each.refused}; ${wayOut(name)}`,
      );
    if (!(await isConfirmed(cluster, namespace, each))) continue;
    const evidence = await evidenceOf(cluster, namespace, each);
    throw new pulumi.RunError(
      `The pod ${each.name} cannot start: ${each.reason}${evidence}\n${wayOut(name)}`,
    );
  }
}

/** A crashed container runs for a moment before it crashes again; all other reasons count from their last beginning. */
const keyOf = ({ uid, container, patienceMs }: BrokenPod): string =>
  container === undefined || patienceMs === unreadyMs ? `waits ${uid} ${patienceMs}` : uid;
const isWaiting = (key: string): boolean => key.startsWith("waits ") || key === "refused";

async function isConfirmed(
  cluster: ClusterReader,
  namespace: string,
  { uid, onlyWith, unless }: BrokenPod,
): Promise<boolean> {
  if (onlyWith === undefined && unless === undefined) return true;
  const reasons = (await eventsOf(cluster, namespace, uid)).map(({ reason = "" }) => reason);
  if (onlyWith !== undefined) return reasons[0] !== undefined && onlyWith.includes(reasons[0]);
  return !reasons.some((reason) => unless?.includes(reason));
}

function wayOut(name: string): string {
  const image =
    { database: "images.postgres", nginx: "images.nginx", redis: "images.redis" }[name] ?? "the image";
  const section = name.startsWith("redis") ? "redis" : name === "database" || name === "nginx" ? name : "api";
  return `The old pods go on serving. Correct it (${image}, ${section}.… in stack config) and run pulumi up again`;
}

async function replaceStuck(
  cluster: ClusterReader,
  namespace: string,
  { stuck }: Verdict,
  sinceMs: Map<string, number>,
  resource: pulumi.Resource | undefined,
): Promise<void> {
  const nowMs = Date.now();
  for (const { name, uid, patienceMs } of stuck) {
    const since = sinceMs.get(uid) ?? nowMs;
    sinceMs.set(uid, since);
    if (nowMs - since < patienceMs) continue;
    void pulumi.log.info(`replaces ${name}, which could not start in its earlier version`, resource);
    await cluster
      .delete(pathOf("pods", namespace, name), { preconditions: { uid } }, requestTimeoutMs)
      .catch((error: unknown) => {
        // It is gone already, or another pod has its name.
        if (![404, 409].includes(statusOf(error))) throw error;
      });
  }
}
