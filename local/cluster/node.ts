import { join } from "node:path";
import { stringify } from "yaml";
import type { ClusterApi } from "../../host/cluster-api.ts";
import { cgroupRoot } from "./cgroups.ts";
import { writeConfigFile } from "./config-file.ts";
import { findObject } from "./kube-api.ts";
import { certificate, clusterName, componentKubeconfig, places, type ToolPaths } from "./layout.ts";
import { network } from "./network.ts";
import type { Daemon } from "./process-supervisor.ts";

const kubeletPort = 10250;
const proxyHealthPort = 10256;
const proxyMetricsPort = 10249;

/** The kubelet on the node address. It works without CAP_SYS_RESOURCE, and with cgroup v1 and v2. */
export async function kubeletDaemon(tools: ToolPaths): Promise<Daemon> {
  const config = await writeConfigFile(
    join(places.config, "kubelet.yaml"),
    stringify({
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      address: network.nodeAddress,
      port: kubeletPort,
      healthzPort: 0,
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: certificate("ca.crt") },
      },
      authorization: { mode: "Webhook" },
      cgroupDriver: "cgroupfs",
      cgroupRoot,
      failCgroupV1: false,
      failSwapOn: false,
      oomScoreAdj: 0,
      // This gate lets the kubelet start on machines that refuse changes of rlimits, OOM scores and kernel switches.
      featureGates: { KubeletInUserNamespace: true },
      clusterDNS: [network.dnsServiceAddress],
      clusterDomain: "cluster.local",
      // Pods cannot reach the machine's DNS servers and so do not inherit them.
      resolvConf: "",
      containerRuntimeEndpoint: `unix://${places.containerdSocket}`,
      serializeImagePulls: false,
      podLogsDir: places.podLogs,
      volumePluginDir: join(places.kubelet, "volume-plugins"),
      // Other programs use the same disk, so limits are absolute and not a share of the disk.
      evictionHard: {
        "memory.available": "200Mi",
        "nodefs.available": "500Mi",
        "imagefs.available": "500Mi",
      },
      imageGCHighThresholdPercent: 100,
      podPidsLimit: 4096,
      rotateCertificates: false,
      shutdownGracePeriod: "0s",
    }),
  );
  const kubeconfig = componentKubeconfig("kubelet");
  return {
    name: "kubelet",
    command: tools.path("kubelet"),
    args: [
      `--config=${config}`,
      `--kubeconfig=${kubeconfig}`,
      `--root-dir=${places.kubelet}`,
      `--cert-dir=${join(places.kubelet, "pki")}`,
      `--hostname-override=${clusterName}`,
      `--node-ip=${network.nodeAddress}`,
    ],
    configFiles: [config, kubeconfig],
    listens: [{ address: network.nodeAddress, port: kubeletPort }],
    umask: "0022",
  };
}

/** kube-proxy in iptables mode. NodePorts listen on 127.0.0.0/8 only. */
export async function kubeProxyDaemon(tools: ToolPaths): Promise<Daemon> {
  const kubeconfig = componentKubeconfig("kube-proxy");
  const config = await writeConfigFile(
    join(places.config, "kube-proxy.yaml"),
    stringify({
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      mode: "iptables",
      clientConnection: { kubeconfig },
      clusterCIDR: network.podRange,
      hostnameOverride: clusterName,
      healthzBindAddress: `127.0.0.1:${proxyHealthPort}`,
      metricsBindAddress: `127.0.0.1:${proxyMetricsPort}`,
      nodePortAddresses: ["127.0.0.0/8"],
      // Zero keeps the kernel's limits of connection tracking.
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
      oomScoreAdj: 0,
    }),
  );
  return {
    name: "kube-proxy",
    command: tools.path("kube-proxy"),
    args: [`--config=${config}`],
    configFiles: [config, kubeconfig],
    listens: [proxyHealthPort, proxyMetricsPort].map((port) => ({ address: "127.0.0.1", port })),
  };
}

interface NodeConditions {
  status?: { conditions?: { type: string; status: string; message: string; lastHeartbeatTime: string }[] };
}

/**
 * Returns whether the kubelet reports the node as ready, and why not.
 *
 * @param sinceMs the kubelet's start, in milliseconds since 1970; older reports come from an earlier kubelet.
 */
export async function nodeReadiness(
  api: ClusterApi,
  sinceMs: number,
): Promise<{ ready: boolean; detail: string }> {
  const node = await findObject<NodeConditions>(api, `/api/v1/nodes/${clusterName}`);
  const condition = node?.status?.conditions?.find(({ type }) => type === "Ready");
  if (condition === undefined) return { ready: false, detail: "not registered" };
  // The time of a report has a resolution of one second.
  const fresh = Date.parse(condition.lastHeartbeatTime) >= Math.floor(sinceMs / 1000) * 1000;
  if (!fresh) return { ready: false, detail: "no report from the kubelet yet" };
  return {
    ready: condition.status === "True",
    detail: condition.status === "True" ? "Ready" : condition.message,
  };
}
