import { setTimeout as sleep } from "node:timers/promises";
import type { V1PodList } from "@kubernetes/client-node";
import { UserError } from "../../../contract/user-error.ts";
import { ApiError, type ClusterApi, podPath } from "../../../host/cluster-api.ts";
import { onInterrupt } from "../../../host/interrupts.ts";
import { openCluster } from "../../../host/open-cluster.ts";
import { poll } from "../../../host/poll.ts";
import { step } from "../../../host/steps.ts";
import { outputsOfStack } from "../../cli/outputs.ts";
import { findCluster, type ReachedStack } from "../../cluster-search.ts";
import { requireSeededUsers } from "../../load/seed.ts";
import { Observer } from "../../observe/observer.ts";
import { notReady } from "../../observe/pod-history.ts";
import { readyPods, workloadsOf } from "../../observe/ready-pods.ts";
import { countsOf, judgeOutage, type PodOutcome, recoveredAfterMs, recoveryMs } from "./judge-outage.ts";
import { SteadyLoad, usersOfEach } from "./steady-load.ts";

const calmMs = 5000;
/** Time for each user to be read once. */
const cachedTimeoutMs = 60_000;
const readyTimeoutMs = 180_000;

/**
 * Takes the database of a stack away under a light load, replaces a pod of the API in the middle, brings the database
 * back, and prints what the stack did.
 *
 * @param outageMs how long the database is away
 * @returns the exit code: 1 when reads failed, a pod restarted, or writes did not recover in time
 * @throws {UserError} when the stack has no database of its own, or its users cannot be seeded.
 */
export async function proveOutage(stack: string, outageMs: number): Promise<number> {
  const deployed = await outputsOfStack(stack);
  const cluster = await findCluster(deployed, { env: process.env, folder: process.cwd() });
  const outputs = { ...deployed, cluster };
  const [database] = workloadsOf("database", outputs);
  await step("Seed users", () => requireSeededUsers(outputs, 2 * usersOfEach));
  const interrupted = new AbortController();
  const done = onInterrupt(() => interrupted.abort());
  const api = openCluster(cluster.kubeconfig, cluster.kubeContext);
  const observer = await Observer.start(outputs);
  const load = new SteadyLoad(outputs);
  const startedMs = Date.now();
  const backOffs = new Set<string>();
  const path = `/apis/apps/v1/namespaces/${outputs.namespace}/statefulsets/${database?.name}/scale`;
  const scale = (replicas: number) => api.patch(path, { spec: { replicas } });
  let fromMs = 0;
  let readyMs: number | undefined;
  let pods: readonly PodOutcome[] = [];
  try {
    await step("Load with the database", async () => {
      const untilMs = Date.now() + cachedTimeoutMs;
      do await watch(api, outputs, backOffs, calmMs, interrupted.signal);
      while (!load.isEveryUserCached && Date.now() < untilMs && !interrupted.signal.aborted);
    });
    fromMs = Date.now();
    try {
      await scale(0);
      await step(`Load without the database, for ${outageMs / 1000} s`, async () => {
        await watch(api, outputs, backOffs, outageMs / 2, interrupted.signal);
        if (!interrupted.signal.aborted) await replaceApiPod(api, outputs);
        await watch(api, outputs, backOffs, outageMs / 2, interrupted.signal);
      });
    } finally {
      await scale(database?.replicas ?? 1);
    }
    readyMs = await step("Database ready again", () => waitForDatabase(api, outputs));
    await step("Load after the outage", () =>
      watch(api, outputs, backOffs, recoveryMs + calmMs, interrupted.signal),
    );
    ({ pods } = await observer.finish(startedMs));
  } finally {
    await load.stop();
    done();
    api.close();
    await observer.close();
  }
  const { reads, writes } = load;
  if (interrupted.signal.aborted) throw new UserError("interrupted", "the database is back; run it again");
  const failures = judgeOutage({ fromMs, readyMs, reads, writes, pods, backOffs });
  const recovered = readyMs === undefined ? undefined : recoveredAfterMs(writes, readyMs);
  console.log(`reads   ${countsOf(reads)}`);
  console.log(`writes  ${countsOf(writes)}`);
  if (recovered !== undefined) console.log(`writes recovered ${recovered} ms after the database was ready`);
  for (const failure of failures) console.log(`✗ ${failure}`);
  if (failures.length === 0) console.log("✓ the stack held");
  return failures.length === 0 ? 0 : 1;
}

/** Notes containers in back-off, for a time. One look that fails is no problem: the observer reports longer silence. */
async function watch(
  api: ClusterApi,
  outputs: ReachedStack,
  backOffs: Set<string>,
  forMs: number,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = Date.now() + forMs;
  while (Date.now() < untilMs && !signal.aborted) {
    const { items } = await listPods(api, outputs);
    for (const { metadata, status } of items)
      for (const { name, state } of status?.containerStatuses ?? [])
        if (state?.waiting?.reason?.endsWith("BackOff")) backOffs.add(`${metadata?.name}/${name}`);
    await sleep(Math.min(1000, Math.max(0, untilMs - Date.now())), undefined, { signal }).catch(() => {});
  }
}

async function listPods(api: ClusterApi, { namespace }: ReachedStack): Promise<V1PodList> {
  try {
    return await api.getJson<V1PodList>(podPath(namespace));
  } catch (error) {
    if (error instanceof ApiError) return { items: [] };
    throw error;
  }
}

/** A pod that starts while the database is away waits for it, and is not killed. The others serve the reads. */
async function replaceApiPod(api: ClusterApi, outputs: ReachedStack): Promise<void> {
  const [first, second] = await readyPods("api", outputs, api);
  if (second) await api.delete(podPath(outputs.namespace, first.pod));
}

async function waitForDatabase(api: ClusterApi, outputs: ReachedStack): Promise<number | undefined> {
  const workloads = workloadsOf("database", outputs);
  return poll({ intervalMs: 200, timeoutMs: readyTimeoutMs }, async () => {
    const { items } = await listPods(api, outputs);
    return notReady(workloads, items).length === 0 && Date.now();
  });
}
