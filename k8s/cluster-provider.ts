import { readFileSync } from "node:fs";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { ClusterAccess } from "../config/derive.ts";

/**
 * The provider of all Kubernetes resources. It is explicit, so that the program never deploys to the cluster of the
 * environment's kubeconfig. It identifies the cluster by the address of the API server: another path or context name, and
 * new credentials or certificates, replace no resource. Another address is another cluster and replaces all of them.
 *
 * @param embedded whether the stack lives in the embedded cluster; decides which fix an error names
 * @throws {pulumi.RunError} when the kubeconfig cannot be read or has no such context.
 */
export function clusterProvider(access: ClusterAccess, embedded: boolean): Provider {
  const { kubeconfig, kubeContext } = access;
  const fix = embedded
    ? "start the embedded cluster: npm run up (or name another cluster: pulumi config set --path cluster.kubeContext …)"
    : "name the file: pulumi config set --path cluster.kubeconfig …";
  if (!embedded && kubeconfig.includes(":")) {
    throw new pulumi.RunError(`KUBECONFIG must be one file, not a list: ${kubeconfig}; ${fix}`);
  }
  let server: string | undefined;
  try {
    server = serverOf(readFileSync(kubeconfig, "utf8"), kubeContext);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "does not exist" : `cannot be read (${message})`;
    throw new pulumi.RunError(`The kubeconfig ${kubeconfig} ${reason}; ${fix}`);
  }
  if (server === undefined) {
    throw new pulumi.RunError(
      `The kubeconfig ${kubeconfig} has no context "${kubeContext}" with a cluster; list them: kubectl --kubeconfig ${kubeconfig} config get-contexts`,
    );
  }
  return new Provider("cluster", { kubeconfig, context: kubeContext, clusterIdentifier: server });
}

/** The parts of a kubeconfig that lead from a context to the API server. */
interface Kubeconfig {
  contexts?: { name: string; context?: { cluster?: string } }[];
  clusters?: { name: string; cluster?: { server?: string } }[];
}

/** Address of the API server that a context leads to; undefined when the kubeconfig does not have it. */
export function serverOf(kubeconfig: string, context: string): string | undefined {
  const { contexts, clusters } = (parse(kubeconfig) ?? {}) as Kubeconfig;
  const cluster = contexts?.find(({ name }) => name === context)?.context?.cluster;
  return clusters?.find(({ name }) => name === cluster)?.cluster?.server;
}
