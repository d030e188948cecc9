import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../contract/user-error.ts";
import { podPath } from "../../host/cluster-api.ts";
import { containerProcesses } from "../../loadtest/faults/container-processes.ts";
import { killProcess } from "../../loadtest/faults/kill-process.ts";
import { pause } from "../../loadtest/faults/pause-api.ts";
import { type ReadyPod, readyPods } from "../../loadtest/observe/ready-pods.ts";
import type { RedisFault, RedisFaultContext } from "./fault.ts";
import { Partition, type PartitionedPod } from "./partition.ts";
import type { RedisPod } from "./redis-cluster.ts";

const procFolder = "/proc";
const servedMs = 3500;

/** A primary that has a replica. @throws {UserError} when there is none */
async function somePrimary({ view }: RedisFaultContext): Promise<{ target: RedisPod; roles: RedisPod[] }> {
  const roles = await view.roles();
  const primaries = roles.filter(({ role, replicas }) => role === "primary" && replicas.length > 0);
  const target = primaries[Math.floor(Math.random() * primaries.length)];
  if (target === undefined)
    throw new UserError("no primary of Redis has a replica", "set redis.replicasPerShard to 1");
  return { target, roles };
}

async function readyPod({ outputs, api }: RedisFaultContext, name: string): Promise<ReadyPod> {
  const found = (await readyPods("redis", outputs, api)).find(({ pod }) => pod === name);
  if (found === undefined) throw new UserError(`${name} is not ready`, "see kubectl get pods");
  return found;
}

const primaryKill: RedisFault = {
  name: "primary-kill",
  about: "SIGKILL to the server of a primary",
  servedMs,
  allowedLoss: "recent",
  async inject(context) {
    const { target } = await somePrimary(context);
    const { how, atMs } = await killProcess(await readyPod(context, target.name), { ...context, procFolder });
    return { how, atMs };
  },
};

const primaryPause: RedisFault = {
  name: "primary-pause",
  about: "SIGSTOP to the server of a primary for a minute",
  servedMs,
  allowedLoss: "recent",
  async inject(context) {
    const { target } = await somePrimary(context);
    const pauseSeconds = context.pauseMs / 1000;
    const injected = await pause(await readyPod(context, target.name), { pauseSeconds, procFolder });
    try {
      await sleep(context.pauseMs, undefined, { signal: context.signal });
    } finally {
      await injected.undo();
    }
    return { how: injected.how, atMs: injected.atMs, endMs: Date.now() };
  },
};

/** A pod's address and a process of it. @throws {UserError} when the pod is not ready, or runs on another machine */
async function processOf(context: RedisFaultContext, { name, ip }: RedisPod): Promise<PartitionedPod> {
  const { containerId } = await readyPod(context, name);
  const [pid] = await containerProcesses(containerId, procFolder);
  if (pid === undefined)
    throw new UserError(`the processes of ${name} are not on this machine`, "use the embedded cluster");
  return { ip, pid };
}

/** A partition of groups of pods that `choose` takes of the roles. */
function partition(
  name: string,
  about: string,
  more: Pick<RedisFault, "isServedAfterEnd">,
  choose: (target: RedisPod, roles: readonly RedisPod[]) => RedisPod[][],
): RedisFault {
  return {
    name,
    about,
    servedMs,
    ...more,
    allowedLoss: "recent",
    async inject(context) {
      const { target, roles } = await somePrimary(context);
      const groups = choose(target, roles);
      const cut = groups.flat();
      if (roles.every((pod) => cut.includes(pod)))
        throw new UserError("the cluster has too few pods", "deploy 3 shards of 2 pods");
      const members = await Promise.all(
        groups.map((group) => Promise.all(group.map((pod) => processOf(context, pod)))),
      );
      const partition = new Partition();
      try {
        const atMs = await partition.cut(members);
        await sleep(context.partitionMs, undefined, { signal: context.signal });
        const names = groups.map((group) => group.map((pod) => pod.name).join("+")).join(", ");
        await partition.heal();
        return { how: `${names} cut off for ${context.partitionMs / 1000} s`, atMs, endMs: Date.now() };
      } finally {
        await partition.heal();
      }
    },
  };
}

const partitionPrimary = partition("partition-primary", "one primary cut off", {}, (target) => [[target]]);

const partitionMinority = partition(
  "partition-minority",
  "a primary and a replica of another shard cut off, together",
  {},
  (target, roles) => {
    const replica = roles.find(({ role, name }) => role === "replica" && !target.replicas.includes(name));
    return [[target, ...(replica === undefined ? [] : [replica])]];
  },
);

const partitionMajority = partition(
  "partition-majority",
  "all primaries but one cut off, each alone: there is no quorum",
  { isServedAfterEnd: true },
  (target, roles) => roles.filter((pod) => pod.role === "primary" && pod !== target).map((pod) => [pod]),
);

async function deletePods({ view, api, outputs }: RedisFaultContext, claimsOf: readonly string[]) {
  const pods = await view.pods();
  const atMs = Date.now();
  const claims = `/api/v1/namespaces/${outputs.namespace}/persistentvolumeclaims`;
  const ofPods = pods.filter(({ metadata }) => claimsOf.includes(metadata?.name ?? ""));
  for (const { spec } of ofPods)
    for (const { persistentVolumeClaim } of spec?.volumes ?? [])
      if (persistentVolumeClaim) await api.delete(`${claims}/${persistentVolumeClaim.claimName}`);
  const deleted = claimsOf.length > 0 ? ofPods : pods;
  await Promise.all(
    deleted.map(({ metadata }) => api.delete(podPath(outputs.namespace, metadata?.name ?? ""))),
  );
  return { atMs, count: deleted.length };
}

const allPodsDeleted: RedisFault = {
  name: "delete-pods",
  about: "all pods deleted at once",
  servedMs: 15_000,
  allowedLoss: "none",
  async inject(context) {
    const { atMs, count } = await deletePods(context, []);
    return { how: `${count} pods deleted at once`, atMs };
  },
};

const volumeLost: RedisFault = {
  name: "lose-volume",
  about: "the pod of a primary and its volume deleted",
  servedMs,
  allowedLoss: "recent",
  async inject(context) {
    const { target } = await somePrimary(context);
    const { atMs } = await deletePods(context, [target.name]);
    return { how: `${target.name} and its volume deleted`, atMs };
  },
};

const volumesLost: RedisFault = {
  name: "lose-volumes",
  about: "all pods and all volumes deleted",
  servedMs: undefined,
  allowedLoss: "all",
  async inject(context) {
    const names = (await context.view.pods()).map(({ metadata }) => metadata?.name ?? "");
    const { atMs, count } = await deletePods(context, names);
    return { how: `${count} pods and their volumes deleted`, atMs };
  },
};

/** Faults of pods, of the network and of volumes. */
export const podFaults = [
  primaryKill,
  primaryPause,
  partitionPrimary,
  partitionMinority,
  partitionMajority,
  allPodsDeleted,
  volumeLost,
  volumesLost,
] as const;
