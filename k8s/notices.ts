import { derivePools } from "../config/derive.ts";
import type { StackConfig } from "../config/stack-config.ts";

/**
 * What a person should know about a stack on a cluster of their own: parts of which a single pod answers requests. The
 * embedded cluster has one node and is for trying out, so there is nothing to say about it.
 */
export function noticesOf(config: StackConfig): string[] {
  if (config.cluster.kubeContext === undefined) return [];
  const notices: string[] = [];
  const serving = derivePools(config.api).filter(({ backup }) => !backup);
  const apiPods = serving.reduce((sum, { replicas }) => sum + replicas, 0);
  const option = config.api.pools === undefined ? "api.replicas" : "the sum of api.pools[].replicas";
  if (apiPods < 2)
    notices.push(`${option} is ${apiPods}: no other pod answers while a pod or its node is lost`);
  if (config.nginx.replicas < 2)
    notices.push(
      `nginx.replicas is ${config.nginx.replicas}: no other pod answers while the gateway's pod or its node is lost`,
    );
  return notices;
}
