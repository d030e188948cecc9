import { readFile, readlink } from "node:fs/promises";
import { UserError } from "../../contract/user-error.ts";
import { findProcesses } from "../../host/process-table.ts";
import { daemonState } from "./process-supervisor.ts";

/** Programs that write kube-proxy's firewall chains, by the names of their processes. */
const serviceProxies: readonly string[] = [
  "kube-proxy",
  "k3s",
  "k3s-server",
  "k3s-agent",
  "rke2",
  "k0s",
  "kubelite",
];

/** A process of another cluster. */
export interface OtherProcess {
  pid: number;
  name: string;
}

/**
 * Returns a process in this network namespace that writes the firewall rules of another cluster's Services. Clusters in
 * containers, such as kind's, have network namespaces of their own.
 */
export async function otherServiceProxy(): Promise<OtherProcess | undefined> {
  const { pid: own } = await daemonState("kube-proxy");
  const namespace = await networkNamespace("self");
  for (const { pid } of await findProcesses(() => true)) {
    const name = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
    if (pid === own || !serviceProxies.includes(name)) continue;
    if ((await networkNamespace(pid)) === namespace) return { pid, name };
  }
  return undefined;
}

async function networkNamespace(pid: number | "self"): Promise<string> {
  return readlink(`/proc/${pid}/ns/net`).catch(() => "");
}

/**
 * Checks that no other cluster writes the chains that this cluster's kube-proxy writes.
 *
 * @throws {UserError} with exit code 2 that names the other process.
 */
export async function requireOnlyServiceProxy(): Promise<void> {
  const other = await otherServiceProxy();
  if (other === undefined) return;
  throw new UserError(
    `another Kubernetes cluster runs on this machine: ${other.name} (pid ${other.pid}). It and the embedded cluster would write the same firewall chains (KUBE-SERVICES and others) and delete each other's rules`,
    "stop that cluster, or deploy to it: set breakwater:cluster.kubeContext in stack config",
    { exitCode: 2 },
  );
}
