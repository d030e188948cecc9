import type { types } from "@pulumi/kubernetes";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import type { NetworkSettings } from "../contract/network.ts";
import { type Flow, type Place, type PodGroup, podGroups, stackFlows } from "./network-flows.ts";

type PolicySpec = types.input.networking.v1.NetworkPolicySpec;

/** Name of the policy for all pods of the namespace. */
export const defaultPolicy = "default-deny";

/** The stack's flows, and the address of the cluster's DNS Service. */
export interface NetworkPoliciesArgs {
  namespace: string;
  settings: NetworkSettings;
  dnsAddress: pulumi.Input<string>;
}

/**
 * A NetworkPolicy for each group of pods, which admits the group's flows, and one that refuses every other connection of the
 * namespace's pods. The latter is created last and deleted first: no flow of the stack is refused in between.
 */
export class NetworkPolicies extends pulumi.ComponentResource {
  constructor(name: string, args: NetworkPoliciesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:NetworkPolicies", name, {}, opts);
    const { namespace, settings } = args;
    const create = (policy: string, spec: pulumi.Input<PolicySpec>, dependsOn: pulumi.Resource[] = []) =>
      new NetworkPolicy(
        `${policy}-network`,
        { metadata: { name: policy, namespace }, spec },
        { parent: this, dependsOn },
      );
    const { dnsServers } = settings;
    const flows = pulumi
      .output(args.dnsAddress)
      .apply((address) =>
        stackFlows({ ...settings, ...(dnsServers && { dnsServers: [...dnsServers, address] }) }),
      );
    const groups = groupsIn(stackFlows(settings)).map((group) =>
      create(
        group,
        flows.apply((all) => policyOf(group, all)),
      ),
    );
    create(defaultPolicy, { podSelector: {}, policyTypes: ["Ingress", "Egress"] }, groups);
    this.registerOutputs({});
  }
}

/** The groups of pods that have flows. */
export function groupsIn(flows: readonly Flow[]): PodGroup[] {
  return [...new Set<Place>(flows.flatMap(({ from, to }) => [from, to]))].filter(isGroup);
}

/** The policy that admits a group's flows, in both directions. */
export function policyOf(group: PodGroup, flows: readonly Flow[]): PolicySpec {
  const peersOf = (place: Place, { peers }: Flow) =>
    isGroup(place) ? [{ podSelector: podGroups[place] }] : peers;
  return {
    podSelector: podGroups[group],
    policyTypes: ["Ingress", "Egress"],
    ingress: flows
      .filter(({ to }) => to === group)
      .map((flow) => ({ from: peersOf(flow.from, flow), ports: flow.ports })),
    egress: flows
      .filter(({ from }) => from === group)
      .map((flow) => ({ to: peersOf(flow.to, flow), ports: flow.ports })),
  };
}

function isGroup(place: Place): place is PodGroup {
  return Object.hasOwn(podGroups, place);
}
