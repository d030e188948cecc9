import { accessSync, constants, readFileSync } from "node:fs";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../config/derive.ts";

/**
 * The provider of all Kubernetes resources. It is explicit, so that the program never deploys to the cluster of the
 * environment's kubeconfig.
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
  try {
    accessSync(kubeconfig, constants.R_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "does not exist" : "cannot be read";
    throw new pulumi.RunError(`The kubeconfig ${kubeconfig} ${reason}; ${fix}`);
  }
  if (!readFileSync(kubeconfig, "utf8").includes(kubeContext)) {
    throw new pulumi.RunError(
      `The kubeconfig ${kubeconfig} has no context "${kubeContext}"; list them: kubectl --kubeconfig ${kubeconfig} config get-contexts`,
    );
  }
  return new Provider("cluster", { kubeconfig, context: kubeContext });
}
