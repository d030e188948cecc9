import type { ClusterApi } from "../../host/cluster-api.ts";
import { podGroups } from "../../k8s/network-flows.ts";
import { defaultPolicy } from "../../k8s/network-policies.ts";
import { apiPort } from "../../k8s/ports.ts";
import { findObject } from "../../local/cluster/kube-api.ts";

/**
 * Lets pods of another namespace connect to the stack's API, if the stack has NetworkPolicies.
 *
 * @returns a function that takes it back
 */
export async function admitGateways(
  api: ClusterApi,
  stackNamespace: string,
  gatewayNamespace: string,
): Promise<() => Promise<void>> {
  const policies = `/apis/networking.k8s.io/v1/namespaces/${stackNamespace}/networkpolicies`;
  const policyName = gatewayNamespace;
  // Without the stack's own policies, this one would refuse the stack's gateway.
  if ((await findObject(api, `${policies}/${defaultPolicy}`)) === undefined) return async () => {};
  await api.apply(`${policies}/${policyName}`, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: policyName, namespace: stackNamespace },
    spec: {
      podSelector: podGroups.api,
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": gatewayNamespace } } }],
          ports: [{ port: apiPort, protocol: "TCP" }],
        },
      ],
    },
  });
  return () => api.delete(`${policies}/${policyName}`);
}
