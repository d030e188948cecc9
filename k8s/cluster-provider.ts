import { existsSync, readFileSync } from "node:fs";
import { delimiter } from "node:path";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { ClusterAccess } from "../config/derive.ts";

/** The provider of all Kubernetes resources, and the address of the API server. */
export interface Cluster {
  provider: Provider;
  server: string;
}

/**
 * Creates the provider of all Kubernetes resources. It is explicit, so that the program never deploys to the cluster of the
 * environment's kubeconfig. It identifies the cluster by the address of the API server: another path or context name, and
 * new credentials or certificates, replace no resource. Another address is another cluster and replaces all of them.
 *
 * @param embedded whether the stack lives in the embedded cluster; decides which fix an error names
 * @throws {pulumi.RunError} when no kubeconfig can be read, or none has such a context.
 */
export function clusterProvider(access: ClusterAccess, embedded: boolean): Cluster {
  const { files, kubeContext, pluginKubeconfig } = access;
  const names = files.join(", ");
  const fix = embedded
    ? "start the embedded cluster: npm run up (or name another cluster: pulumi config set --path cluster.kubeContext …)"
    : "set KUBECONFIG, or name the file: pulumi config set --path cluster.kubeconfig …";
  const present = files.filter((file) => existsSync(file));
  if (present.length === 0) throw new pulumi.RunError(`The kubeconfig ${names} does not exist; ${fix}`);
  let server: string | undefined;
  try {
    const texts = present.map((file) => readFileSync(file, "utf8"));
    server = serverOf(texts, kubeContext);
  } catch (error) {
    throw new pulumi.RunError(`The kubeconfig ${names} cannot be read (${(error as Error).message}); ${fix}`);
  }
  if (server === undefined) {
    throw new pulumi.RunError(
      `The kubeconfig ${names} has no context "${kubeContext}" with a cluster; list them: KUBECONFIG=${files.join(delimiter)} kubectl config get-contexts`,
    );
  }
  const args = { kubeconfig: pluginKubeconfig, context: kubeContext, clusterIdentifier: server };
  return { provider: new Provider("cluster", args), server };
}

/** The parts of a kubeconfig that lead from a context to the API server. */
interface Kubeconfig {
  contexts?: { name: string; context?: { cluster?: string } }[];
  clusters?: { name: string; cluster?: { server?: string } }[];
}

/**
 * Address of the API server that a context leads to; undefined when the kubeconfigs do not have it.
 *
 * @param kubeconfigs texts of the files; of entries with the same name, the first one counts
 */
export function serverOf(kubeconfigs: readonly string[], context: string): string | undefined {
  const parsed = kubeconfigs.map((text) => (parse(text) ?? {}) as Kubeconfig);
  const contexts = parsed.flatMap((each) => each.contexts ?? []);
  const clusters = parsed.flatMap((each) => each.clusters ?? []);
  const cluster = contexts.find(({ name }) => name === context)?.context?.cluster;
  return clusters.find(({ name }) => name === cluster)?.cluster?.server;
}
