import { certificate, componentKubeconfig, places, type ToolPaths } from "./layout.ts";
import { network } from "./network.ts";
import type { Daemon } from "./process-supervisor.ts";

const etcdClient = { address: "127.0.0.1", port: 2379 };
const etcdPeer = { address: "127.0.0.1", port: 2380 };
const url = ({ address, port }: { address: string; port: number }): string => `https://${address}:${port}`;

/** etcd, the cluster's database. It accepts clients of this machine with a certificate. */
export function etcdDaemon(tools: ToolPaths): Daemon {
  return {
    name: "etcd",
    command: tools.path("etcd"),
    args: [
      "--name=breakwater",
      `--data-dir=${places.etcd}`,
      `--listen-client-urls=${url(etcdClient)}`,
      `--advertise-client-urls=${url(etcdClient)}`,
      `--listen-peer-urls=${url(etcdPeer)}`,
      `--initial-advertise-peer-urls=${url(etcdPeer)}`,
      `--initial-cluster=breakwater=${url(etcdPeer)}`,
      "--client-cert-auth",
      `--trusted-ca-file=${certificate("etcd/ca.crt")}`,
      `--cert-file=${certificate("etcd/server.crt")}`,
      `--key-file=${certificate("etcd/server.key")}`,
      "--peer-client-cert-auth",
      `--peer-trusted-ca-file=${certificate("etcd/ca.crt")}`,
      `--peer-cert-file=${certificate("etcd/peer.crt")}`,
      `--peer-key-file=${certificate("etcd/peer.key")}`,
      "--log-level=warn",
    ],
    configFiles: [certificate("etcd/server.crt")],
    listens: [etcdClient, etcdPeer],
  };
}

/** kube-apiserver on the node address. */
export function apiServerDaemon(tools: ToolPaths): Daemon {
  return {
    name: "kube-apiserver",
    command: tools.path("kube-apiserver"),
    args: [
      `--advertise-address=${network.nodeAddress}`,
      `--bind-address=${network.nodeAddress}`,
      `--secure-port=${network.apiPort}`,
      `--etcd-servers=${url(etcdClient)}`,
      `--etcd-cafile=${certificate("etcd/ca.crt")}`,
      `--etcd-certfile=${certificate("apiserver-etcd-client.crt")}`,
      `--etcd-keyfile=${certificate("apiserver-etcd-client.key")}`,
      `--service-cluster-ip-range=${network.serviceRange}`,
      `--client-ca-file=${certificate("ca.crt")}`,
      `--tls-cert-file=${certificate("apiserver.crt")}`,
      `--tls-private-key-file=${certificate("apiserver.key")}`,
      `--kubelet-client-certificate=${certificate("apiserver-kubelet-client.crt")}`,
      `--kubelet-client-key=${certificate("apiserver-kubelet-client.key")}`,
      "--kubelet-preferred-address-types=InternalIP",
      "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
      `--service-account-key-file=${certificate("sa.pub")}`,
      `--service-account-signing-key-file=${certificate("sa.key")}`,
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      `--proxy-client-cert-file=${certificate("front-proxy-client.crt")}`,
      `--proxy-client-key-file=${certificate("front-proxy-client.key")}`,
      `--requestheader-client-ca-file=${certificate("front-proxy-ca.crt")}`,
      "--requestheader-allowed-names=front-proxy-client",
      "--requestheader-username-headers=X-Remote-User",
      "--requestheader-group-headers=X-Remote-Group",
      "--requestheader-extra-headers-prefix=X-Remote-Extra-",
      "--profiling=false",
    ],
    configFiles: [certificate("apiserver.crt")],
    listens: [{ address: network.nodeAddress, port: network.apiPort }],
  };
}

/** kube-controller-manager. It also provisions volumes (see storage.ts). */
export function controllerManagerDaemon(tools: ToolPaths): Daemon {
  const kubeconfig = componentKubeconfig("controller-manager");
  return {
    name: "kube-controller-manager",
    command: tools.path("kube-controller-manager"),
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      "--bind-address=127.0.0.1",
      `--root-ca-file=${certificate("ca.crt")}`,
      `--service-account-private-key-file=${certificate("sa.key")}`,
      `--cluster-signing-cert-file=${certificate("ca.crt")}`,
      `--cluster-signing-key-file=${certificate("ca.key")}`,
      "--use-service-account-credentials",
      "--allocate-node-cidrs",
      `--cluster-cidr=${network.podRange}`,
      `--service-cluster-ip-range=${network.serviceRange}`,
      "--enable-hostpath-provisioner",
      "--leader-elect=false",
      "--profiling=false",
    ],
    configFiles: [kubeconfig],
    listens: [{ address: "127.0.0.1", port: 10257 }],
  };
}

/** kube-scheduler. */
export function schedulerDaemon(tools: ToolPaths): Daemon {
  const kubeconfig = componentKubeconfig("scheduler");
  return {
    name: "kube-scheduler",
    command: tools.path("kube-scheduler"),
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      "--bind-address=127.0.0.1",
      "--leader-elect=false",
      "--profiling=false",
    ],
    configFiles: [kubeconfig],
    listens: [{ address: "127.0.0.1", port: 10259 }],
  };
}
