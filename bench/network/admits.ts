import { BlockList, isIPv6 } from "node:net";
import type { Flow, FlowPort, Peer, Place, PodGroup, PodSelector } from "../../k8s/network-flows.ts";
import { podGroups } from "../../k8s/network-flows.ts";

/** One end of a connection. */
export interface Endpoint {
  /** Absent: no pod. */
  namespace?: string;
  address: string;
  /** Whether the pod is in the stack's namespace. */
  isInStack: boolean;
  /** Absent: the pod is none of the stack's. */
  group?: PodGroup;
}

/**
 * Whether the flows admit a connection. Pods of the stack's namespace open and accept only what is drawn; all others are free.
 *
 * @param target after the translation of a Service's address and port
 */
export function admits(flows: readonly Flow[], source: Endpoint, target: Endpoint, port: FlowPort): boolean {
  const fitting = flows.filter(({ ports }) =>
    ports.some((each) => each.port === port.port && each.protocol === port.protocol),
  );
  const opens =
    !source.isInStack ||
    fitting.some(({ from, to, peers }) => from === source.group && isAt(to, peers, target));
  const accepts =
    !target.isInStack ||
    fitting.some(({ from, to, peers }) => to === target.group && isAt(from, peers, source));
  return opens && accepts;
}

function isAt(place: Place, peers: readonly Peer[] | undefined, endpoint: Endpoint): boolean {
  if (Object.hasOwn(podGroups, place)) return endpoint.group === place;
  return peers === undefined || peers.some((peer) => isPeer(peer, endpoint));
}

function isPeer(peer: Peer, { namespace, address }: Endpoint): boolean {
  if ("namespaceSelector" in peer)
    return peer.namespaceSelector.matchLabels["kubernetes.io/metadata.name"] === namespace;
  const [network = "", length] = peer.ipBlock.cidr.split("/");
  const list = new BlockList();
  const family = (ip: string) => (isIPv6(ip) ? "ipv6" : "ipv4");
  list.addSubnet(network, Number(length), family(network));
  return list.check(address, family(address));
}

/** The group of a pod with these labels. */
export function groupOf(labels: Readonly<Record<string, string>> = {}): PodGroup | undefined {
  const groups = Object.entries<PodSelector>(podGroups);
  const found = groups.find(
    ([, { matchLabels = {}, matchExpressions = [] }]) =>
      Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
      matchExpressions.every(({ key }) => Object.hasOwn(labels, key)),
  );
  return found?.[0] as PodGroup | undefined;
}
