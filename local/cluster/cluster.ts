import { statfs } from "node:fs/promises";
import { UserError } from "../../contract/user-error.ts";
import type { ClusterApi } from "../../host/cluster-api.ts";
import { step } from "../../host/steps.ts";
import { dataDir } from "../paths.ts";
import { ensureCertificates } from "./certificates.ts";
import { ensureCgroups } from "./cgroups.ts";
import { ensureContainerd } from "./containerd.ts";
import { apiServerDaemon, controllerManagerDaemon, etcdDaemon, schedulerDaemon } from "./control-plane.ts";
import { applyDns, corednsDaemon, dnsAnswers } from "./dns.ts";
import { removeAbandonedFakeNodes } from "./fake-nodes.ts";
import { connectKubeApi, findObject } from "./kube-api.ts";
import { makeFolders, type ToolPaths } from "./layout.ts";
import { logKeeperDaemon } from "./log-keeper.ts";
import { withMachineLock } from "./machine-lock.ts";
import { ensureMetricsServer } from "./metrics-server.ts";
import { ensureNetwork } from "./network.ts";
import { ensureNetworkPolicy, unenforced } from "./network-policy.ts";
import { kubeletDaemon, kubeProxyDaemon, nodeReadiness } from "./node.ts";
import { daemonStartedMs, ensureDaemon } from "./process-supervisor.ts";
import { waitFor } from "./readiness.ts";
import { startRegistry } from "./registry.ts";
import { applyStorageClass, ensureVolumes } from "./storage.ts";

export { clusterDown, clusterReset } from "./shutdown.ts";
export { type ComponentStatus, clusterStatus } from "./status.ts";

const defaultAccount = "/api/v1/namespaces/default/serviceaccounts/default";
const freeBytesNeeded = 2 * 1024 ** 3;

/**
 * Brings Kubernetes up. Daemons that run with the right configuration are left alone, all others are started. When it
 * returns, the node is Ready, cluster DNS answers, and volumes can be claimed.
 *
 * @throws {UserError} that names the daemon that did not start, and its log.
 */
export async function clusterUp(tools: ToolPaths): Promise<void> {
  await withMachineLock(async () => {
    await makeFolders();
    await requireSpace();
    await step("Cluster network, certificates, containerd", async () => {
      await ensureDaemon(await logKeeperDaemon());
      await ensureNetwork();
      await Promise.all([
        ensureCertificates(tools),
        ensureCgroups(),
        ensureVolumes(),
        ensureContainerd(),
        startRegistry(),
      ]);
    });
    const api = await step("Control plane", () => startControlPlane(tools));
    try {
      await step("Node ready, DNS answers", () => startNode(tools, api));
      const obstacle = await step("Network policies", () => ensureNetworkPolicy(tools, api));
      if (obstacle !== undefined) console.error(`  ! ${unenforced(obstacle)}. Everything else works.`);
      await ensureMetricsServer(tools, api);
      await removeAbandonedFakeNodes(api);
    } finally {
      api.close();
    }
  });
}

async function requireSpace(): Promise<void> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  if (free >= freeBytesNeeded) return;
  throw new UserError(
    `${dataDir} has ${(free / 1024 ** 3).toFixed(1)} GiB of free disk space; the cluster needs 2 GiB`,
    "free some space (`npm run reset` removes all data of the cluster), or set BREAKWATER_HOME to a folder on another disk",
  );
}

async function startControlPlane(tools: ToolPaths): Promise<ClusterApi> {
  await ensureDaemon(etcdDaemon(tools));
  await ensureDaemon(apiServerDaemon(tools));
  const api = await connectKubeApi();
  await waitFor({
    what: "the API server to answer",
    needs: ["etcd", "kube-apiserver"],
    holds: async () => (await api.getText("/readyz")) === "ok",
  });
  return api;
}

async function startNode(tools: ToolPaths, api: ClusterApi): Promise<void> {
  for (const daemon of [
    await kubeletDaemon(tools),
    controllerManagerDaemon(tools),
    await kubeProxyDaemon(tools),
    await corednsDaemon(tools),
    schedulerDaemon(tools),
  ])
    await ensureDaemon(daemon);
  await Promise.all([applyAdministrators(api), applyDns(api), applyStorageClass(api)]);
  const kubeletStartedMs = (await daemonStartedMs("kubelet")) ?? Date.now();
  await Promise.all([
    waitFor({
      what: "the node to be Ready",
      needs: ["kubelet", "containerd", "kube-apiserver"],
      holds: async () => (await nodeReadiness(api, kubeletStartedMs)).ready,
    }),
    waitFor({
      what: "cluster DNS to answer",
      needs: ["coredns", "kube-proxy", "kube-apiserver"],
      holds: dnsAnswers,
    }),
    waitFor({
      what: "the default service account",
      needs: ["kube-controller-manager", "kube-scheduler", "kube-apiserver"],
      holds: async () => (await findObject(api, defaultAccount)) !== undefined,
    }),
  ]);
}

/** Makes kubeadm's group of administrators cluster-admin. The user and the API server are in this group. */
async function applyAdministrators(api: ClusterApi): Promise<void> {
  const name = "kubeadm:cluster-admins";
  const apiGroup = "rbac.authorization.k8s.io";
  await api.apply(`/apis/${apiGroup}/v1/clusterrolebindings/${name}`, {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup, kind: "Group", name }],
  });
}
