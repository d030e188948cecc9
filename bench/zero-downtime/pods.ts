import { setTimeout as sleep } from "node:timers/promises";
import type { Workload } from "../../contract/outputs.ts";
import { ApiError, podPath } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { type ReadyPod, readyPods } from "../../loadtest/observe/ready-pods.ts";
import type { Change, ChangeContext } from "./change.ts";

const readyMs = 180_000;
/** As `kubectl drain`, which asks again while a disruption budget refuses. */
const refusedPauseMs = 1000;
const tooManyRequests = 429;

/** Deletes the pods of the API and of the gateway, one after the other. */
export const deletedPods: Change = {
  name: "pods",
  about: "each pod of the API and the gateway deleted",
  async make(context) {
    let deleted = 0;
    for (const role of ["api", "nginx"] as const) {
      const before = await podsOf(role, context);
      for (const { pod, namespace, uid } of before) {
        context.report(pod);
        await context.api.delete(podPath(namespace, pod));
        await othersReady(role, before.length, [uid], context);
        deleted++;
      }
    }
    return `${deleted} pods deleted`;
  },
};

/**
 * Evicts all pods of the API, the gateway and Redis at once, as `kubectl drain` does on a node: what the disruption budgets refuse
 * is tried again. The node itself takes pods as before, because a cluster of one node has no other for the new ones. The database is
 * not among them: it has one pod, and no writes while it moves.
 */
export const drainedNode: Change = {
  name: "drain",
  about: "all pods of the API, the gateway and Redis evicted at once",
  async make(context) {
    const roles = ["api", "nginx", "redis"] as const;
    const before = await Promise.all(roles.map((role) => podsOf(role, context)));
    let refused = 0;
    const evictions = before.flat().map(async (each) => {
      while (!(await evict(each, context))) {
        refused++;
        await sleep(refusedPauseMs, undefined, { signal: context.signal });
      }
      context.report(`${each.pod} evicted`);
    });
    await Promise.all(evictions);
    for (const [index, role] of roles.entries()) {
      const gone = before[index]?.map(({ uid }) => uid) ?? [];
      await othersReady(role, gone.length, gone, context);
    }
    return `${evictions.length} pods evicted, ${refused} times refused by a budget`;
  },
};

function podsOf(role: Workload["role"], { outputs, api }: ChangeContext): Promise<ReadyPod[]> {
  return readyPods(role, outputs, api);
}

/** @returns false when a disruption budget refuses for now */
async function evict({ namespace, pod }: ReadyPod, { api }: ChangeContext): Promise<boolean> {
  const metadata = { name: pod, namespace };
  try {
    await api.create(`${podPath(namespace, pod)}/eviction`, {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata,
    });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === tooManyRequests) return false;
    throw error;
  }
}

/** Waits until as many pods as before are ready, and none with one of these UIDs. @throws {UserError} after three minutes */
async function othersReady(
  role: Workload["role"],
  count: number,
  gone: readonly string[],
  context: ChangeContext,
): Promise<void> {
  const { outputs, signal } = context;
  const fix = `kubectl -n ${outputs.namespace} get pods`;
  const what = `${count} ready pods of ${role}`;
  await pollUntil(
    { what, fix, intervalMs: 500, timeoutMs: readyMs, signal, retryAfter: () => true },
    async () => {
      const ready = await podsOf(role, context);
      return ready.length >= count && ready.every(({ uid }) => !gone.includes(uid));
    },
  );
}
