import { rm } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { ApiError, type ClusterApi } from "../../host/cluster-api.ts";
import { poll } from "../../host/poll.ts";
import { isAlive, type ProcessIdentity, startTimeOf } from "../../host/process-table.ts";
import { readJsonObject } from "../../host/read-json.ts";
import { ensureTool } from "../toolchain/toolchain.ts";
import { kwok } from "../toolchain/tools.ts";
import { writeConfigFile } from "./config-file.ts";
import { findObject } from "./kube-api.ts";
import { componentKubeconfig, places } from "./layout.ts";
import { withMachineLock } from "./machine-lock.ts";
import { daemonState, ensureDaemon, stopDaemon } from "./process-supervisor.ts";

/** Label and name prefix of fake nodes, and name of the namespace for fake pods. */
export const fake = {
  label: "breakwater/fake",
  namePrefix: "breakwater-fake-",
  namespace: "breakwater-fake",
} as const;

const daemon = "kwok";
const owner = join(places.config, "fake-nodes.json");
const namespacePath = `/api/v1/namespaces/${fake.namespace}`;
const nodesPath = `/api/v1/nodes?labelSelector=${encodeURIComponent(fake.label)}`;
const leasesPath = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const requestMs = 30_000;

/**
 * Starts kwok, which plays the kubelet of every node with the label of fake nodes. Fake nodes that a killed process has left
 * are removed first. Until removeFakeNodes, they belong to this process.
 *
 * @throws {UserError} when another process uses fake nodes, or when kwok cannot be built or started.
 */
export async function startFakeNodes(api: ClusterApi): Promise<void> {
  const command = await ensureTool(kwok);
  await withMachineLock(async () => {
    const other = await ownerOf();
    if (other !== undefined && (await isAlive(other)))
      throw new UserError(
        `the process ${other.pid} uses fake nodes in the embedded cluster already`,
        "wait until it ends, then run the command again",
      );
    await removeFakeNodes(api);
    const self = { pid: process.pid, startTime: await startTimeOf(process.pid) };
    await writeConfigFile(owner, JSON.stringify(self));
    await ensureDaemon({
      name: daemon,
      command,
      args: [
        // Rights of an administrator: it writes the status of nodes and pods, and their leases.
        `--kubeconfig=${componentKubeconfig("super-admin")}`,
        "--manage-all-nodes=false",
        `--manage-nodes-with-label-selector=${fake.label}`,
        "--node-lease-duration-seconds=40",
        // Addresses for documentation and benchmarks (RFC 5737, RFC 2544), which no route uses.
        "--node-ip=192.0.2.1",
        "--cidr=198.18.0.0/15",
        "--node-port=0",
      ],
    });
  });
}

/**
 * Removes the fake pods, their namespace, the fake nodes, their leases and kwok. Pods end the way of a real node while kwok
 * runs, and are deleted without grace when it does not.
 *
 * @throws {UserError} when they are not gone within `timeoutMs`.
 */
export async function removeFakeNodes(api: ClusterApi, timeoutMs = 180_000): Promise<void> {
  const isGone = await poll({ intervalMs: 500, timeoutMs }, async () => {
    if ((await findObject(api, namespacePath)) === undefined) return true;
    await remove(api, namespacePath);
    if ((await daemonState(daemon)).state !== "running")
      await remove(api, `${namespacePath}/pods`, { gracePeriodSeconds: 0 });
    return false;
  });
  if (!isGone)
    throw new UserError(
      `the namespace ${fake.namespace} of the fake pods was not deleted within ${timeoutMs / 1000} s`,
      `see why: kubectl get namespace ${fake.namespace} -o yaml; then run npm run up, which tries again`,
    );
  // kwok would renew the leases of nodes that it has not yet seen deleted.
  await stopDaemon(daemon);
  await remove(api, nodesPath);
  for (const lease of await fakeLeases(api)) await remove(api, `${leasesPath}/${lease}`);
  await rm(owner, { force: true });
}

/** Does the same as removeFakeNodes when fake nodes were left by a process that was killed. */
export async function removeAbandonedFakeNodes(api: ClusterApi): Promise<void> {
  const found = await ownerOf();
  if (found !== undefined && !(await isAlive(found))) await removeFakeNodes(api);
}

/** Whether a process of this machine has made fake nodes that were not removed. */
export async function hasFakeNodes(): Promise<boolean> {
  return (await ownerOf()) !== undefined;
}

/** Returns the names of the leases of fake nodes. */
export async function fakeLeases(api: ClusterApi): Promise<string[]> {
  const { items } = await api.getJson<{ items: { metadata: { name: string } }[] }>(leasesPath, requestMs);
  return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith(fake.namePrefix));
}

async function ownerOf(): Promise<ProcessIdentity | undefined> {
  const record = await readJsonObject<ProcessIdentity>(owner);
  // No process has this identity, so the nodes count as abandoned.
  return record === "invalid" ? { pid: 0, startTime: "" } : record;
}

async function remove(api: ClusterApi, path: string, options: object = {}): Promise<void> {
  await api.delete(path, options, requestMs).catch((error: unknown) => {
    // A namespace that is being deleted may answer with a conflict.
    if (!(error instanceof ApiError && [404, 409].includes(error.status))) throw error;
  });
}
