import { rm } from "node:fs/promises";
import { UserError } from "../../contract/user-error.ts";
import { runCommand } from "../../host/run-command.ts";
import { note, step } from "../../host/steps.ts";
import { dataDir } from "../paths.ts";
import { finishKilledInstallation } from "../toolchain/debian-packages.ts";
import { removeCgroups } from "./cgroups.ts";
import { stopContainers, stopShims } from "./containers-stop.ts";
import { hasFakeNodes, removeFakeNodes } from "./fake-nodes.ts";
import { connectKubeApi } from "./kube-api.ts";
import { places, requireOwnFolder, requireRoot, runDir } from "./layout.ts";
import { withMachineLock } from "./machine-lock.ts";
import { removeNetwork } from "./network.ts";
import { daemonState, knownDaemons, stopDaemon } from "./process-supervisor.ts";
import { mountsUnder, removeVolumesMount, unmountAll } from "./storage.ts";
import { removeTraces } from "./traces.ts";

/** Daemons that start containers or change the network. They are stopped before the others. */
const first = [
  "kubelet",
  "dockerd",
  "kube-proxy",
  "network-policy",
  "kube-controller-manager",
  "kube-scheduler",
  "coredns",
  "metrics-server",
];

const fakeNodesMs = 60_000;

/**
 * Stops daemons and containers, and removes mounts and network. The data stays, so the next start finds the same
 * cluster.
 *
 * @throws {UserError} without root.
 */
export async function clusterDown(): Promise<void> {
  requireRoot();
  await withMachineLock(async () => {
    if (await hasFakeNodes()) await step("Remove fake nodes of a benchmark", forgetFakeNodes);
    await stopAll();
  });
}

/** Removes fake nodes while the API server still runs; otherwise the next start removes them. */
async function forgetFakeNodes(): Promise<void> {
  if ((await daemonState("kube-apiserver")).state !== "running") return;
  const api = await connectKubeApi();
  try {
    await removeFakeNodes(api, fakeNodesMs);
  } catch (error) {
    console.error(`  ! ${(error as Error).message}; the next start removes them`);
  } finally {
    api.close();
  }
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
    await finishKilledInstallation().catch((error: Error) => note(`  ! ${error.message}`));
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
