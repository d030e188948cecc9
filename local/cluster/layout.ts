import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "../../contract/user-error.ts";
import { dataDir, dataPaths } from "../paths.ts";

/** Returns the path of a built program; the toolchain's `Tools` is one. */
export interface ToolPaths {
  path(name: ClusterTool): string;
}

/** The programs that the cluster runs. */
export type ClusterTool =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubelet"
  | "kube-proxy"
  | "kubeadm"
  | "coredns"
  | "network-policy";

/** Name of the node, and of the cluster, context and user in the kubeconfig. */
export const clusterName = "breakwater";

/** Sockets and other files that do not outlive a reboot. There is one embedded cluster per machine. */
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
  metricsServer: join(dataDir, "metrics-server"),
  needs: join(dataDir, "needs"),
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

/** Marks a folder as a data folder, which `npm run reset` may delete. */
const marker = ".breakwater";

/** Files that Pulumi's environment may create before the cluster marks the folder. */
const early: readonly string[] = Object.values(dataPaths).map((path) => basename(path));

/**
 * Creates the data folder, which only root may enter, and the folders in it that every command needs.
 *
 * @throws {UserError} when the folder contains files that the cluster did not create.
 */
export async function makeFolders(): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await requireOwnFolder();
  await chmod(dataDir, 0o700);
  await writeFile(join(dataDir, marker), "");
  for (const folder of [dataPaths.run, dataPaths.logs, places.config]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  await mkdir(runDir, { recursive: true, mode: 0o711 });
}

/**
 * Checks that the data folder is marked, empty or absent.
 *
 * @throws {UserError} with exit code 2 when it contains files that the cluster did not create.
 */
export async function requireOwnFolder(): Promise<void> {
  const entries = await readdir(dataDir).catch((): string[] => []);
  if (entries.includes(marker)) return;
  const foreign = entries.find((entry) => !early.includes(entry));
  if (foreign === undefined) return;
  throw new UserError(
    `the data folder ${dataDir} holds ${foreign}, which breakwater did not make`,
    "set BREAKWATER_HOME to a folder that is empty or does not exist",
    { exitCode: 2 },
  );
}

/**
 * Checks that root runs this process.
 *
 * @throws {UserError} with exit code 2 when another user does.
 */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new UserError(
    "the embedded cluster belongs to root, but another user runs this command",
    "run the same command as root (sudo -i)",
    { exitCode: 2 },
  );
}
