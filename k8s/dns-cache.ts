import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../config/derive.ts";
import { type ClusterConfig, embeddedDomain } from "../config/sections/cluster.ts";
import type { Milliseconds } from "../config/units.ts";
import { openForReading } from "../host/read-cluster.ts";
import { cacheTimeOf, clusterDomains, ttlOf } from "./corefile.ts";

/** Time that is assumed for a cluster whose DNS is not CoreDNS, or whose Corefile the deployer may not read: kubeadm's TTL. */
const assumedMs = 30_000;
/** Statuses of the API server for a ConfigMap that is missing, or that the deployer may not read. */
const unreadable = [401, 403, 404];

/** Reads the Corefile in a ConfigMap of `kube-system`; undefined when there is none to read. @throws {Error} */
type ReadCorefile = (name: string) => Promise<string | undefined>;

/**
 * Time for which the cluster's DNS may return the addresses of pods that are gone: what CoreDNS caches, and what the DNS
 * cache of the nodes adds to it.
 *
 * @param domain domain of the cluster.
 * @throws {pulumi.RunError} when the cluster's DNS has another domain.
 */
export async function dnsCacheTime(read: ReadCorefile, domain: string): Promise<Milliseconds> {
  const [cluster, node] = await Promise.all([read("coredns"), read("node-local-dns")]);
  if (cluster === undefined) return assumedMs;
  const served = clusterDomains(cluster);
  if (served.length > 0 && !served.includes(domain))
    throw new pulumi.RunError(
      `cluster.domain: "${domain}" must be a domain of the cluster's DNS, which has ${served.join(", ")}; set it: pulumi config set --path cluster.domain ${served[0]}`,
    );
  return cacheTimeOf(cluster, domain) + (node === undefined ? 0 : cacheTimeOf(node, domain, ttlOf(cluster)));
}

/**
 * Reads it from the cluster. A cluster that does not answer ends the deployment: with another value, all pods of the API
 * would be replaced, and back at the next one.
 *
 * @param config of which `dnsTtl`, where it is given, is used instead.
 * @throws {pulumi.RunError}
 */
export async function readDnsCacheTime(
  { dnsTtl: given, domain }: Pick<ClusterConfig, "dnsTtl" | "domain">,
  { files, kubeContext }: ClusterAccess,
): Promise<Milliseconds> {
  // A domain of their own is worth a request: with a wrong one, no pod of the new version finds another.
  if (given !== undefined && domain === embeddedDomain) return given;
  try {
    const cluster = await openForReading(files, kubeContext);
    const read: ReadCorefile = async (name) => {
      const path = `/api/v1/namespaces/kube-system/configmaps/${name}`;
      try {
        return (await cluster.getJson<{ data?: Record<string, string> }>(path, 15_000)).data?.Corefile;
      } catch (error) {
        if (unreadable.includes((error as { status?: number }).status ?? 0)) return undefined;
        throw error;
      }
    };
    const measured = await dnsCacheTime(read, domain).finally(() => cluster.close());
    return given ?? measured;
  } catch (error) {
    if (error instanceof pulumi.RunError) throw error;
    const { message } = error as Error;
    throw new pulumi.RunError(
      `How long the cluster's DNS caches cannot be read: ${message}; check the cluster, or set it: pulumi config set --path cluster.dnsTtl '30 s'`,
    );
  }
}
