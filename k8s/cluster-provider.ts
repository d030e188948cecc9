import { accessSync, constants, readFileSync } from "node:fs";
import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "../config/derive.ts";

/**
 * The explicit provider that every resource is made with, so that the ambient kubeconfig is never deployed to.
 *
 * @throws pulumi.RunError when the kubeconfig cannot be read; says how to get one.
 */
export function clusterProvider(access: ClusterAccess, embedded: boolean): Provider {
  const { kubeconfig, kubeContext } = access;
  const fix = embedded
    ? "the embedded cluster is not there yet: npm run up (or name a cluster of yours: pulumi config set --path cluster.kubeContext …)"
    : "pulumi config set --path cluster.kubeconfig …";
  if (!embedded && kubeconfig.includes(":")) {
    throw new pulumi.RunError(`KUBECONFIG holds a list, but one file is needed: ${kubeconfig}; ${fix}`);
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
