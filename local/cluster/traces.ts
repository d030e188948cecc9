import { readdir, readlink, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { cniNetworkName } from "./containerd.ts";
import { places } from "./layout.ts";

/** Folders whose paths are compiled into the cluster's programs, deepest first. Other programs use them too. */
const sharedFolders = [
  "/var/lib/cni/results",
  "/var/lib/cni",
  "/var/lib/kubelet/device-plugins",
  "/var/lib/kubelet",
  "/var/log/containers",
  "/run/containerd/s",
  "/run/containerd",
];

/** Removes the files that the cluster's programs leave outside of the data folder, and folders that become empty. */
export async function removeTraces(): Promise<void> {
  await removeCniResults("/var/lib/cni/results");
  await removeLogLinks("/var/log/containers");
  // rmdir removes empty folders only.
  for (const folder of sharedFolders) await rmdir(folder).catch(() => {});
}

async function removeCniResults(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((): string[] => []);
  for (const entry of cniResultsOf(cniNetworkName, entries)) await rm(join(folder, entry), { force: true });
}

/**
 * Selects files of one network from the CNI library's cached results, which are named
 * `<network>-<container>-<interface>`. The result includes the loopback files of the network's containers; all networks
 * share the loopback network.
 */
export function cniResultsOf(network: string, entries: readonly string[]): string[] {
  const own = entries.filter((entry) => entry.startsWith(`${network}-`));
  const containers = new Set(own.map((entry) => entry.split("-").at(-2)));
  return entries.filter((entry) => {
    const [cni, loopback, container] = entry.split("-");
    return own.includes(entry) || (cni === "cni" && loopback === "loopback" && containers.has(container));
  });
}

async function removeLogLinks(folder: string): Promise<void> {
  for (const entry of await readdir(folder).catch((): string[] => [])) {
    const target = await readlink(join(folder, entry)).catch(() => "");
    if (target.startsWith(`${places.podLogs}/`)) await rm(join(folder, entry));
  }
}
