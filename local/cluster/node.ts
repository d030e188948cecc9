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

/** The kubelet on the node address. It works without CAP_SYS_RESOURCE and on cgroup v1 and v2. */
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
      // Lets it go on where rlimits, OOM scores and some kernel switches may not be changed.
      featureGates: { KubeletInUserNamespace: true },
      clusterDNS: [network.dnsServiceAddress],
      clusterDomain: "cluster.local",
      // Pods do not inherit the machine's DNS servers, which they could not reach.
      resolvConf: "",
      containerRuntimeEndpoint: `unix://${places.containerdSocket}`,
      serializeImagePulls: false,
      podLogsDir: places.podLogs,
      volumePluginDir: join(places.kubelet, "volume-plugins"),
      // The machine's disk is mostly other people's: no verdict by percent of it.
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

/** kube-proxy in iptables mode; NodePorts answer on 127.0.0.0/8 only. */
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
      // Zero: leave the kernel's connection tracking limits as they are.
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
 * What the kubelet says of the node.
 *
 * @param sinceMs reports from before this time (a kubelet that has been stopped since) do not count.
 */
export async function nodeReadiness(
  api: ClusterApi,
  sinceMs: number,
): Promise<{ ready: boolean; detail: string }> {
  const node = await findObject<NodeConditions>(api, `/api/v1/nodes/${clusterName}`);
  const condition = node?.status?.conditions?.find(({ type }) => type === "Ready");
  if (condition === undefined) return { ready: false, detail: "not registered" };
  // The kubelet reports whole seconds.
  const fresh = Date.parse(condition.lastHeartbeatTime) >= Math.floor(sinceMs / 1000) * 1000;
  if (!fresh) return { ready: false, detail: "no report from the kubelet yet" };
  return {
    ready: condition.status === "True",
    detail: condition.status === "True" ? "Ready" : condition.message,
  };
}
