import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { runCommand } from "../../host/run-command.ts";
import { writeWhole } from "../../host/write-whole.ts";
import { dataPaths } from "../paths.ts";
import { kubernetesVersion } from "../toolchain/tools.ts";
import { formatVersion } from "../toolchain/version.ts";
import { writeConfigFile } from "./config-file.ts";
import { certificate, clusterName, componentKubeconfig, places, type ToolPaths } from "./layout.ts";
import { network } from "./network.ts";

const renewBeforeMs = 30 * 24 * 3600 * 1000;

/** Files that a renewal keeps: the authorities, and the keys that sign service account tokens. */
const authorities = [
  "ca.crt",
  "ca.key",
  "front-proxy-ca.crt",
  "front-proxy-ca.key",
  "etcd/ca.crt",
  "etcd/ca.key",
  "sa.key",
  "sa.pub",
];

/** Kubeconfigs that kubeadm does not create by default: file name and user name. */
const clients = [
  { file: "kube-proxy", user: "system:kube-proxy" },
  { file: "coredns", user: "breakwater:coredns" },
  { file: "network-policy", user: "breakwater:network-policy" },
];

/**
 * Creates the certificates and kubeconfigs with kubeadm when they are missing or expire within 30 days, and writes the
 * user's kubeconfig. The files are created in a new folder, which then replaces the old folder as a whole.
 *
 * @throws {UserError} when kubeadm fails.
 */
export async function ensureCertificates(tools: ToolPaths): Promise<void> {
  const old = `${places.certificates}.old`;
  const server = certificate("apiserver.crt");
  if ((await validUntilMs(server)) === undefined) await rename(old, places.certificates).catch(() => {});
  if (!(await isFresh(server))) await generate(tools, old);
  // A cluster of an earlier version lacks the kubeconfigs of parts that were added since.
  await writeMissingClients(tools, places.certificates);
  await rm(old, { recursive: true, force: true });
  await writeUserKubeconfig();
}

async function validUntilMs(file: string): Promise<number | undefined> {
  const pem = await readFile(file).catch(() => undefined);
  return pem && Date.parse(new X509Certificate(pem).validTo);
}

/** Whether a certificate exists and is valid for at least 30 days. */
export async function isFresh(file: string): Promise<boolean> {
  const validMs = await validUntilMs(file);
  return validMs !== undefined && validMs - Date.now() >= renewBeforeMs;
}

async function generate(tools: ToolPaths, old: string): Promise<void> {
  const staging = `${places.certificates}.new`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(join(staging, "etcd"), { recursive: true, mode: 0o700 });
  for (const file of authorities) await cp(certificate(file), join(staging, file)).catch(() => {});

  const config = await writeKubeadmConfig(staging);
  const kubeconfigs = join(staging, "kubeconfig");
  await runCommand(tools.path("kubeadm"), ["init", "phase", "certs", "all", "--config", config]);
  const all = ["init", "phase", "kubeconfig", "all"];
  await runCommand(tools.path("kubeadm"), [...all, "--config", config, "--kubeconfig-dir", kubeconfigs]);
  await writeMissingClients(tools, staging);

  await rm(old, { recursive: true, force: true });
  await rename(places.certificates, old).catch(() => {});
  await rename(staging, places.certificates);
}

/** Writes the kubeconfigs of `clients` that a folder of certificates lacks. */
async function writeMissingClients(tools: ToolPaths, folder: string): Promise<void> {
  for (const { file, user } of clients) {
    const path = join(folder, "kubeconfig", `${file}.conf`);
    if (existsSync(path)) continue;
    await writeClientKubeconfig(tools, await writeKubeadmConfig(folder), user, path);
  }
}

async function writeKubeadmConfig(folder: string): Promise<string> {
  const path = join(folder, "kubeadm.yaml");
  await writeFile(path, kubeadmConfig(folder));
  return path;
}

/** Writes a kubeconfig for `user` to `path`, with a certificate of the authority in the kubeadm config's folder. */
export async function writeClientKubeconfig(
  tools: ToolPaths,
  config: string,
  user: string,
  path: string,
): Promise<void> {
  const args = ["kubeconfig", "user", "--config", config, "--client-name", user];
  const kubeconfig = await runCommand(tools.path("kubeadm"), [...args, "--validity-period", "8760h"]);
  await writeWhole(path, kubeconfig, 0o600);
}

/**
 * Returns the configuration for commands of kubeadm.
 *
 * @param certificatesDir folder of the authorities, and of the certificates that kubeadm creates.
 * @param serverNames further names for the certificate of the API server.
 */
export function kubeadmConfig(certificatesDir: string, serverNames: readonly string[] = []): string {
  const apiVersion = "kubeadm.k8s.io/v1beta4";
  const init = {
    apiVersion,
    kind: "InitConfiguration",
    localAPIEndpoint: { advertiseAddress: network.nodeAddress, bindPort: network.apiPort },
    nodeRegistration: { name: clusterName, criSocket: `unix://${places.containerdSocket}` },
  };
  const cluster = {
    apiVersion,
    kind: "ClusterConfiguration",
    clusterName,
    // Without a version, kubeadm looks up the newest release on the Internet.
    kubernetesVersion: `v${formatVersion(kubernetesVersion)}`,
    controlPlaneEndpoint: `${network.nodeAddress}:${network.apiPort}`,
    certificatesDir,
    apiServer: { certSANs: serverNames },
    encryptionAlgorithm: "ECDSA-P256",
    networking: {
      podSubnet: network.podRange,
      serviceSubnet: network.serviceRange,
      dnsDomain: "cluster.local",
    },
  };
  return `${stringify(init)}---\n${stringify(cluster)}`;
}

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[];
  users: { user: Record<string, string> }[];
}

/** Writes kubeadm's admin.conf with this cluster's names, so that it can be merged with other kubeconfigs. */
async function writeUserKubeconfig(): Promise<void> {
  const admin = parse(await readFile(componentKubeconfig("admin"), "utf8")) as Kubeconfig;
  const content = stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": clusterName,
    clusters: [{ name: clusterName, cluster: admin.clusters[0]?.cluster }],
    users: [{ name: clusterName, user: admin.users[0]?.user }],
    contexts: [{ name: clusterName, context: { cluster: clusterName, user: clusterName } }],
  });
  await writeConfigFile(dataPaths.kubeconfig, content);
}
