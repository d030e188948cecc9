import { derivePools, type PoolPlan } from "../config/derive.ts";
import { secretArgFix } from "../config/encrypted-args.ts";
import type { StackConfig } from "../config/stack-config.ts";

/** What a person should know about a stack that is deployed all the same. */
export function noticesOf(config: StackConfig): string[] {
  const serving = derivePools(config.api).filter(({ backup }) => !backup);
  return [
    ...unusedNotices(config, serving),
    ...singlePodNotices(config, serving),
    ...secretArgNotices(config.api.source.args),
    ...refusedReaderNotices(config),
  ];
}

/** Names of variables that hold secrets. */
const secretName = /(^|_)(TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIALS?|API_?KEY|PRIVATE_?KEY|AUTH)$/i;

/** Build arguments that seem to be secrets, which anybody who can pull the image can read. */
function secretArgNotices(args: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(args).filter((name) => secretName.test(name));
  return names.map(
    (name) =>
      `api.source.args.${name} seems to be a secret, and can be read in the image's history: ${secretArgFix}`,
  );
}

/** Prometheus may be in any namespace, and the stack's policies admit none. */
function refusedReaderNotices({ network, api, nginx, redis }: StackConfig): string[] {
  const { policies, metricsNamespaces, metricsNetworks } = network;
  if (!policies || metricsNamespaces.length + metricsNetworks.length > 0) return [];
  return Object.entries({ api, nginx, redis })
    .filter(([, { podMonitor }]) => podMonitor)
    .map(
      ([section]) =>
        `${section}.podMonitor: the stack's NetworkPolicies refuse Prometheus; name its namespace: pulumi config set --path 'network.metricsNamespaces[0]' monitoring`,
    );
}

/** It is no mistake: a canary that has ended leaves one pool behind, and the next canary needs the option again. */
function unusedNotices({ nginx }: StackConfig, serving: readonly PoolPlan[]): string[] {
  if (!nginx.sticky || serving.length > 1) return [];
  return ["nginx.sticky has no effect: api.pools has fewer than two pools that are no backup"];
}

/**
 * Parts of a stack on a cluster of the user's own of which a single pod answers requests. The embedded cluster has one node
 * and is for trying out, so there is nothing to say about it.
 */
function singlePodNotices(config: StackConfig, serving: readonly PoolPlan[]): string[] {
  if (config.cluster.kubeContext === undefined) return [];
  const notices: string[] = [];
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
