import { rm } from "node:fs/promises";
import { UserError } from "../../contract/user-error.ts";
import { runCommand } from "../../host/run-command.ts";
import { step } from "../../host/steps.ts";
import { dataDir } from "../paths.ts";
import { removeCgroups } from "./cgroups.ts";
import { stopContainers, stopShims } from "./containers-stop.ts";
import { places, requireOwnFolder, requireRoot, runDir } from "./layout.ts";
import { withMachineLock } from "./machine-lock.ts";
import { removeNetwork } from "./network.ts";
import { knownDaemons, stopDaemon } from "./process-supervisor.ts";
import { mountsUnder, removeVolumesMount, unmountAll } from "./storage.ts";
import { removeTraces } from "./traces.ts";

/** Daemons that start containers or change the network. They are stopped before the others. */
const first = ["kubelet", "dockerd", "kube-proxy", "kube-controller-manager", "kube-scheduler", "coredns"];

/**
 * Stops daemons and containers, and removes mounts and network. The data stays, so the next start finds the same
 * cluster.
 *
 * @throws {UserError} without root.
 */
export async function clusterDown(): Promise<void> {
  requireRoot();
  await withMachineLock(stopAll);
}

/**
 * Stops the cluster and deletes its data folder, volumes, images and Pulumi state. The tools in the cache folder stay.
 *
 * @throws {UserError} without root, or when the data folder contains files that the cluster did not create.
 */
export async function clusterReset(): Promise<void> {
  requireRoot();
  await requireOwnFolder();
  await withMachineLock(async () => {
    await stopAll();
    await step(`Delete ${dataDir}`, deleteAll);
  });
}

async function stopAll(): Promise<void> {
  await step("Stop the cluster", async (report) => {
    report("node and controllers");
    await Promise.all(first.map((name) => stopDaemon(name)));
    report("containers, API server");
    await Promise.all([stopContainers().then(stopContainerd), stopControlPlane()]);
    // Other daemons with a pid file, such as those of an earlier version.
    for (const name of await knownDaemons()) await stopDaemon(name);
    report("mounts, network, control groups");
    await removeVolumesMount();
    for (const folder of [places.kubelet, places.docker, places.containerd, runDir]) await unmountAll(folder);
    await rm(runDir, { recursive: true, force: true });
    await removeNetwork();
    await removeCgroups();
    report("");
  });
}

async function stopContainerd(): Promise<void> {
  await stopDaemon("containerd");
  await stopShims();
}

async function stopControlPlane(): Promise<void> {
  await stopDaemon("kube-apiserver");
  await stopDaemon("etcd");
}

async function deleteAll(): Promise<void> {
  const mounts = await mountsUnder(dataDir);
  if (mounts.length > 0)
    throw new UserError(
      `${mounts.join(", ")} is mounted below the data folder, but not by this cluster`,
      "unmount it, then run the command again",
    );
  await removeTraces();
  await runCommand("rm", ["-rf", "--one-file-system", "--", dataDir]);
}
