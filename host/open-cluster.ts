import { KubeConfig } from "@kubernetes/client-node";
import { UserError } from "../contract/user-error.ts";
import { ClusterApi } from "./cluster-api.ts";

/**
 * Opens the cluster that a kubeconfig file and a context name. The environment is ignored.
 *
 * @throws {UserError} when the file cannot be read or has no such context.
 */
export function openCluster(kubeconfig: string, context: string): ClusterApi {
  const config = new KubeConfig();
  try {
    config.loadFromFile(kubeconfig);
  } catch (error) {
    throw new UserError(
      `the kubeconfig of the stack cannot be read: ${kubeconfig} (${(error as Error).message})`,
      "bring the cluster up again (npm run up), or correct cluster.kubeconfig in the stack config",
      { cause: error },
    );
  }
  config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    const known = config.contexts.map((each) => each.name).join(", ") || "none";
    throw new UserError(
      `${kubeconfig} has no context ${context} (it has: ${known})`,
      "set cluster.kubeContext in the stack config to one of them and run pulumi up again",
    );
  }
  return new ClusterApi({
    server: cluster.server,
    fieldManager: "breakwater-loadtest",
    addCredentials: (options) => config.applyToHTTPSOptions(options),
    config,
  });
}
