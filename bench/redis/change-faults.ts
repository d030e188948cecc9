import { setTimeout as sleep } from "node:timers/promises";
import type { V1StatefulSet } from "@kubernetes/client-node";
import { type ClusterApi, podPath, withLabels } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import type { RedisFault, RedisFaultContext } from "./fault.ts";

const fewShards = "3";
const manyShards = "5";
/** Data of the target: small keys, one large value and one large hash. */
const ballast = { keys: 200_000, mib: 50, fields: 1_000_000 };
const scalingMs = 90_000;
const rolloutMs = 900_000;
const mostUps = 10;
/** A killed controller leaves its Lease for 15 s: with kills without an end nothing would ever be done. */
const mostKills = 2;
/** Times after which pulumi up is killed, and between kills of the controller. */
const randomMs = (leastMs: number, mostMs: number) => leastMs + Math.random() * (mostMs - leastMs);

/** Deploys 5 shards and then 3 again. @param up deploys once, and returns notes */
async function scaleBothWays(
  context: RedisFaultContext,
  up: (direction: string) => Promise<string[]>,
  mostMs: number | undefined,
) {
  const { change } = context;
  const before = await change.get("redis.shards");
  const atMs = Date.now();
  const notes: string[] = [];
  const durations: { what: string; ms: number; mostMs: number }[] = [];
  let isDone = false;
  try {
    for (const [from, to] of [
      [fewShards, manyShards],
      [manyShards, fewShards],
    ] as const) {
      const direction = `${from} → ${to}`;
      context.report(direction);
      const startMs = Date.now();
      await change.set("redis.shards", to);
      const more = await up(direction);
      const ms = Date.now() - startMs;
      notes.push(`${direction} in ${(ms / 1000).toFixed(0)} s`, ...more);
      if (mostMs !== undefined) durations.push({ what: direction, ms, mostMs });
    }
    isDone = true;
    return {
      how: `scaled ${fewShards} → ${manyShards} → ${fewShards}`,
      atMs,
      endMs: Date.now(),
      notes,
      durations,
    };
  } finally {
    await change.set("redis.shards", before);
    if (!isDone) await change.up();
  }
}

const rolling: RedisFault = {
  name: "roll",
  about: "rolling restart of all pods",
  servedMs: 500,
  allowedLoss: "none",
  async inject({ api, outputs, view, signal }) {
    const { name } = view.workload;
    const path = `/apis/apps/v1/namespaces/${outputs.namespace}/statefulsets/${name}`;
    const atMs = Date.now();
    const annotations = { "breakwater/prove-redis": new Date(atMs).toISOString() };
    await api.patch(path, { spec: { template: { metadata: { annotations } } } });
    const fix = `kubectl -n ${outputs.namespace} describe statefulset ${name}`;
    await pollUntil(
      { what: "the rolling restart", fix, timeoutMs: rolloutMs, intervalMs: 500, signal },
      async () => {
        const { metadata, status, spec } = await api.getJson<V1StatefulSet>(path);
        return (
          status?.observedGeneration === metadata?.generation &&
          status?.updateRevision === status?.currentRevision &&
          status?.readyReplicas === spec?.replicas
        );
      },
    );
    const endMs = Date.now();
    return { how: "rolling restart", atMs, endMs, notes: [`${((endMs - atMs) / 1000).toFixed(0)} s`] };
  },
};

const scaling: RedisFault = {
  name: "scale",
  about: "3 → 5 → 3 shards with 200,000 keys, one of 50 MiB, one of a million fields",
  servedMs: undefined,
  allowedLoss: "none",
  ballast,
  inject(context) {
    const up = async () => {
      await context.change.up();
      return [];
    };
    return scaleBothWays(context, up, scalingMs);
  },
};

const rotation: RedisFault = {
  name: "rotate",
  about: "password rotation by pulumi up",
  servedMs: 500,
  allowedLoss: "none",
  async inject(context) {
    const { change } = context;
    const path = "redis.passwordVersion";
    const before = await change.get(path);
    const atMs = Date.now();
    await change.set(path, String(Number(before ?? "1") + 1));
    const ms = await change.up();
    return {
      how: "password rotated",
      atMs,
      endMs: Date.now(),
      notes: [`pulumi up in ${(ms / 1000).toFixed(0)} s`],
    };
  },
};

const controllerName = "redis-controller";

/** Path of the pods of the controller; undefined when the stack has none. */
export async function controllerPods(
  api: ClusterApi,
  { namespace }: ReachedStack,
): Promise<string | undefined> {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${controllerName}`;
  const deployment = await api
    .getJson<{ spec: { selector: { matchLabels: Record<string, string> } } }>(path)
    .catch(() => undefined);
  return deployment && withLabels(podPath(namespace), deployment.spec.selector.matchLabels);
}

const killedController: RedisFault = {
  name: "kill-controller",
  about: "the controller's pod deleted without grace at random moments of a scaling",
  servedMs: undefined,
  allowedLoss: "none",
  needsController: true,
  ballast: { keys: 20_000, mib: 5, fields: 10_000 },
  inject(context) {
    const { api, outputs, change } = context;
    const up = async (direction: string) => {
      const done = new AbortController();
      let kills = 0;
      const killing = (async () => {
        const path = await controllerPods(api, outputs);
        while (path !== undefined && kills < mostKills && !done.signal.aborted) {
          await sleep(randomMs(3000, 25_000), undefined, { signal: done.signal }).catch(() => {});
          if (done.signal.aborted) return;
          const { items } = await api.getJson<{ items: { metadata: { name: string } }[] }>(path);
          for (const { metadata } of items)
            await api
              .delete(podPath(outputs.namespace, metadata.name), { gracePeriodSeconds: 0 })
              .catch(() => {});
          kills++;
        }
      })();
      try {
        await change.up();
      } finally {
        done.abort();
        await killing;
      }
      return [`controller killed ${kills} times during ${direction}`];
    };
    return scaleBothWays(context, up, undefined);
  },
};

const killedUp: RedisFault = {
  name: "kill-up",
  about: "pulumi up killed at random moments of a scaling, and run again",
  servedMs: undefined,
  allowedLoss: "none",
  ballast: { keys: 20_000, mib: 5, fields: 10_000 },
  inject(context) {
    const up = async (direction: string) => {
      let kills = 0;
      while (kills < mostUps && (await context.change.killedUp(randomMs(4000, 30_000)))) kills++;
      await context.change.up();
      return [`pulumi up killed ${kills} times during ${direction}`];
    };
    return scaleBothWays(context, up, undefined);
  },
};

/** Changes of the stack, and what interrupts them. */
export const changeFaults = [rolling, scaling, rotation, killedController, killedUp] as const;
