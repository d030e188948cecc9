import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ApiError, type ClusterApi } from "../../host/cluster-api.ts";
import { runCommand } from "../../host/run-command.ts";
import { ensureTool } from "../toolchain/toolchain.ts";
import { metricsServer } from "../toolchain/tools.ts";
import { isFresh, kubeadmConfig, writeClientKubeconfig } from "./certificates.ts";
import { findObject } from "./kube-api.ts";
import { clusterName, places, type ToolPaths } from "./layout.ts";
import {
  apiServicePath,
  clientName,
  metricsApiService,
  metricsServerObjects,
  metricsServerPort,
  serverName,
} from "./metrics-server-objects.ts";
import { network } from "./network.ts";
import { type Daemon, daemonState, ensureDaemon, stopDaemon } from "./process-supervisor.ts";
import { waitFor } from "./readiness.ts";
import { metricsServerIsNeeded } from "./stack-needs.ts";

const name = "metrics-server";
const requestMs = 30_000;
const own = (file: string): string => join(places.metricsServer, file);
const staging = `${places.metricsServer}.new`;

/**
 * Starts metrics-server and registers its API when a stack asks for it, else removes both. The registration is removed
 * first, because discovery and the deletion of namespaces fail while a registered API does not answer.
 *
 * @throws {UserError} when it cannot be built, or does not answer.
 */
export async function ensureMetricsServer(tools: ToolPaths, api: ClusterApi): Promise<void> {
  if (await metricsServerIsNeeded()) await start(tools, api);
  else if (await hasTraces()) await remove(api);
}

async function start(tools: ToolPaths, api: ClusterApi): Promise<void> {
  const command = await ensureTool(metricsServer);
  await ensureCertificates(tools);
  for (const [path, object] of metricsServerObjects) await api.apply(path, object, requestMs);
  await ensureDaemon(metricsServerDaemon(command));
  const authority = await readFile(own("ca.crt"), "utf8");
  await api.apply(apiServicePath, metricsApiService(authority), requestMs);
  await waitFor({
    what: "metrics-server to answer",
    needs: [name, "kube-apiserver", "kube-proxy"],
    holds: async () => (await metricsApiState(api)).available,
  });
}

/** The folder is made first and removed last. While certificates are renewed, only its successor exists. */
async function hasTraces(): Promise<boolean> {
  const folders = [places.metricsServer, staging].some((folder) => existsSync(folder));
  return folders || (await daemonState(name)).state !== "stopped";
}

async function remove(api: ClusterApi): Promise<void> {
  for (const path of [apiServicePath, ...metricsServerObjects.keys()]) {
    await api.delete(path, {}, requestMs).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    });
  }
  await stopDaemon(name);
  await rm(staging, { recursive: true, force: true });
  await rm(places.metricsServer, { recursive: true, force: true });
}

/**
 * Creates the serving certificate with an authority of its own, and a kubeconfig with the cluster's authority, when they
 * are missing or expire within 30 days.
 */
async function ensureCertificates(tools: ToolPaths): Promise<void> {
  if ((await isFresh(own("apiserver.crt"))) && existsSync(own("kubeconfig"))) return;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true, mode: 0o700 });
  const serving = join(staging, "serving.yaml");
  await writeFile(serving, kubeadmConfig(staging, [serverName]));
  for (const phase of ["ca", "apiserver"])
    await runCommand(tools.path("kubeadm"), ["init", "phase", "certs", phase, "--config", serving]);
  const cluster = join(staging, "cluster.yaml");
  await writeFile(cluster, kubeadmConfig(places.certificates));
  await writeClientKubeconfig(tools, cluster, clientName, join(staging, "kubeconfig"));
  await rm(places.metricsServer, { recursive: true, force: true });
  await rename(staging, places.metricsServer);
}

function metricsServerDaemon(command: string): Daemon {
  const kubeconfig = own("kubeconfig");
  return {
    name,
    command,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      `--bind-address=${network.nodeAddress}`,
      `--secure-port=${metricsServerPort}`,
      `--tls-cert-file=${own("apiserver.crt")}`,
      `--tls-private-key-file=${own("apiserver.key")}`,
      "--kubelet-preferred-address-types=InternalIP",
      // The kubelet signs its own certificate, and the API server does not check it either.
      "--kubelet-insecure-tls",
      "--metric-resolution=15s",
      // Fake nodes of a benchmark have no kubelet.
      `--node-selector=kubernetes.io/hostname=${clusterName}`,
    ],
    configFiles: [kubeconfig, own("apiserver.crt")],
    listens: [{ address: network.nodeAddress, port: metricsServerPort }],
  };
}

interface ApiServiceStatus {
  status?: { conditions?: { type: string; status: string; message?: string }[] };
}

/** Returns whether the API server reaches metrics-server, and why not. @throws {ApiError} of the API server. */
export async function metricsApiState(api: ClusterApi): Promise<{ available: boolean; detail: string }> {
  const found = await findObject<ApiServiceStatus>(api, apiServicePath);
  const condition = found?.status?.conditions?.find(({ type }) => type === "Available");
  if (condition === undefined) return { available: false, detail: "not registered" };
  const available = condition.status === "True";
  return { available, detail: available ? "answers" : (condition.message ?? "does not answer") };
}
