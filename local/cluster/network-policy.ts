import type { ClusterApi } from "../../host/cluster-api.ts";
import { clusterName, componentKubeconfig, type ToolPaths } from "./layout.ts";
import { network } from "./network.ts";
import { policyRulesPresent, removePolicyRules } from "./policy-rules.ts";
import { policyObstacle } from "./policy-support.ts";
import { type Daemon, daemonState, ensureDaemon, stopDaemon } from "./process-supervisor.ts";
import { waitFor } from "./readiness.ts";

/** Name of the daemon, its tool and its kubeconfig. */
export const policyDaemon = "network-policy";

/** The sentence for users of a machine that cannot enforce NetworkPolicies. */
export const unenforced = (obstacle: string): string => `NetworkPolicies are not enforced: ${obstacle}`;

/** kube-router's network policy controller. Its rules stay when it ends, until `removePolicyRules`. */
function networkPolicyDaemon(tools: ToolPaths): Daemon {
  const kubeconfig = componentKubeconfig(policyDaemon);
  return {
    name: policyDaemon,
    command: tools.path(policyDaemon),
    args: [`--kubeconfig=${kubeconfig}`, `--node=${clusterName}`, `--service-range=${network.serviceRange}`],
    configFiles: [kubeconfig],
  };
}

/**
 * Starts the daemon that enforces NetworkPolicies, and waits for its rules. On a machine that cannot enforce them, the
 * daemon and rules of an earlier start are removed.
 *
 * @returns why policies are not enforced; undefined when they are.
 * @throws {UserError} when the daemon does not write its rules.
 */
export async function ensureNetworkPolicy(tools: ToolPaths, api: ClusterApi): Promise<string | undefined> {
  const obstacle = await policyObstacle();
  if (obstacle !== undefined) {
    await stopDaemon(policyDaemon);
    await removePolicyRules();
    return obstacle;
  }
  await allowReading(api);
  // Another program has removed the rules. The daemon would write them again only with its next periodic sync.
  if ((await daemonState(policyDaemon)).state === "running" && !(await policyRulesPresent()))
    await stopDaemon(policyDaemon);
  await ensureDaemon(networkPolicyDaemon(tools));
  await waitFor({
    what: "the rules of network-policy",
    needs: [policyDaemon, "kubelet", "kube-apiserver"],
    holds: policyRulesPresent,
  });
  return undefined;
}

async function allowReading(api: ClusterApi): Promise<void> {
  const apiGroup = "rbac.authorization.k8s.io";
  const role = "breakwater:network-policy";
  await api.apply(`/apis/${apiGroup}/v1/clusterroles/${role}`, {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRole",
    metadata: { name: role },
    rules: [
      { apiGroups: [""], resources: ["pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
      { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["list", "watch"] },
    ],
  });
  await api.apply(`/apis/${apiGroup}/v1/clusterrolebindings/${role}`, {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: role },
    roleRef: { apiGroup, kind: "ClusterRole", name: role },
    subjects: [{ apiGroup, kind: "User", name: role }],
  });
}
