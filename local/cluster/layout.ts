import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { dataDir, dataPaths } from "../paths.ts";

/** Anything that knows where a built program lies, such as the toolchain's `Tools`. */
export type ToolPaths = { path(name: ClusterTool): string };

/** The programs that the cluster runs. */
export type ClusterTool =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubelet"
  | "kube-proxy"
  | "kubeadm"
  | "coredns";

/** Name of the node, and of the cluster, context and user in the kubeconfig. */
export const clusterName = "breakwater";

/** Sockets and other things that do not outlive a reboot. One embedded cluster per machine. */
export const runDir = "/run/breakwater";

/** Folders and files of the cluster. */
export const places = {
  certificates: join(dataDir, "certificates"),
  config: join(dataDir, "config"),
  etcd: join(dataDir, "etcd"),
  containerd: join(dataDir, "containerd"),
  cni: join(dataDir, "cni"),
  docker: join(dataDir, "docker"),
  kubelet: join(dataDir, "kubelet"),
  podLogs: join(dataDir, "pod-logs"),
  registry: join(dataDir, "registry"),
  volumes: join(dataDir, "volumes"),
  networkBefore: join(dataDir, "network-before.json"),
  containerdState: join(runDir, "containerd"),
  containerdSocket: join(runDir, "containerd.sock"),
  dockerSocket: join(runDir, "docker.sock"),
} as const;

/** A file of the certificates folder, such as `ca.crt` or `etcd/server.key`. */
export const certificate = (name: string): string => join(places.certificates, name);

/** The kubeconfig of one of the cluster's own components, such as `scheduler`. */
export const componentKubeconfig = (name: string): string =>
  join(places.certificates, "kubeconfig", `${name}.conf`);

/** Makes the data folder, which only root may enter, and the folders that are always needed in it. */
export async function makeFolders(): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  for (const folder of [dataPaths.run, dataPaths.logs, places.config]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  await mkdir(runDir, { recursive: true, mode: 0o711 });
}
