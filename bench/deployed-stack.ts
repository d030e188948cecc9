import { outputsOfStack } from "../loadtest/cli/outputs.ts";
import { findCluster, type ReachedStack } from "../loadtest/cluster-search.ts";

/**
 * The outputs of a deployed stack, with the kubeconfig that reaches its cluster from here.
 *
 * @throws {UserError} when nothing is deployed, or the cluster is not found
 */
export async function deployedStack(stack: string): Promise<ReachedStack> {
  const deployed = await outputsOfStack(stack);
  const cluster = await findCluster(deployed, { env: process.env, folder: process.cwd() });
  return { ...deployed, cluster };
}
