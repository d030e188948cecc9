import type { types } from "@pulumi/kubernetes";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/networkPolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../config/derive.ts";
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

/** Direction of the connections of a NetworkPolicy, seen from its pods. */
type Direction = "ingress" | "egress";

/**
 * A NetworkPolicy for the connections that each group of pods accepts, one for those that it opens, and one that refuses every other
 * connection of the namespace's pods. The latter is created last and deleted first: no flow of the stack is refused in between.
 *
 * Names end with a hash of what a policy admits. One that changes is another policy, which is created before the pods change, and the
 * former one is deleted after them: policies add up, so old and new pods have their connections during an update.
 *
 * One policy for both directions would be shorter, but kube-router lets a connection between two pods of such a group pass by the
 * policy's rule for the other direction.
 */
export class NetworkPolicies extends pulumi.ComponentResource {
  constructor(name: string, args: NetworkPoliciesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("breakwater:k8s:NetworkPolicies", name, {}, opts);
    const { namespace, settings } = args;
    const create = (
      policy: string,
      name: pulumi.Input<string>,
      spec: pulumi.Input<PolicySpec>,
      dependsOn: pulumi.Resource[] = [],
    ) =>
      new NetworkPolicy(
        `${policy}-network`,
        { metadata: { name, namespace }, spec },
        { parent: this, dependsOn },
      );
    const { dnsServers } = settings;
    const flows = pulumi
      .output(args.dnsAddress)
      .apply((address) =>
        stackFlows({ ...settings, ...(dnsServers && { dnsServers: [...dnsServers, address] }) }),
      );
    const each = policiesOf(stackFlows(settings)).map(({ group, direction }) => {
      const spec = flows.apply((all) => policyOf(group, direction, all));
      const name = spec.apply((all) => policyName(group, direction, all));
      return create(`${group}-${direction}`, name, spec);
    });
    create(defaultPolicy, defaultPolicy, { podSelector: {}, policyTypes: ["Ingress", "Egress"] }, each);
    this.registerOutputs({});
  }
}

/** Name of a group's policy for one direction: another one when it admits something else. */
export function policyName(group: PodGroup, direction: Direction, spec: PolicySpec): string {
  return `${group}-${direction}-${shortHash(JSON.stringify(spec))}`;
}

/** The groups of pods with flows, each once for each direction of its flows. */
export function policiesOf(flows: readonly Flow[]): { group: PodGroup; direction: Direction }[] {
  const groupsOf = (places: Place[]) => [...new Set(places)].filter(isGroup);
  return [
    ...groupsOf(flows.map(({ to }) => to)).map((group) => ({ group, direction: "ingress" as const })),
    ...groupsOf(flows.map(({ from }) => from)).map((group) => ({ group, direction: "egress" as const })),
  ];
}

/** The policy that admits a group's flows in one direction. */
export function policyOf(group: PodGroup, direction: Direction, flows: readonly Flow[]): PolicySpec {
  const peersOf = (place: Place, { peers }: Flow) =>
    isGroup(place) ? [{ podSelector: podGroups[place] }] : peers;
  const podSelector = podGroups[group];
  if (direction === "ingress") {
    const accepted = flows.filter(({ to }) => to === group);
    const ingress = accepted.map((flow) => ({ from: peersOf(flow.from, flow), ports: flow.ports }));
    return { podSelector, policyTypes: ["Ingress"], ingress };
  }
  const opened = flows.filter(({ from }) => from === group);
  const egress = opened.map((flow) => ({ to: peersOf(flow.to, flow), ports: flow.ports }));
  return { podSelector, policyTypes: ["Egress"], egress };
}

function isGroup(place: Place): place is PodGroup {
  return Object.hasOwn(podGroups, place);
}
