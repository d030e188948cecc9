import type {
  V1LabelSelector,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
} from "@kubernetes/client-node";
import type { Workload } from "../../contract/outputs.ts";

/** One end of a connection: the labels and container ports of a role's pods. */
export interface PolicyPods {
  role: Workload["role"];
  labels: Record<string, string>;
  ports: readonly { name?: string; containerPort: number }[];
}

/** What policies are compared with. */
export interface PolicySubjects {
  /** One entry for each workload. */
  pods: readonly PolicyPods[];
  namespaceLabels: Record<string, string>;
}

type Direction = "Ingress" | "Egress";

/** The connections that a request needs. Without `from`, the client is outside the cluster. */
const connections: readonly { from?: Workload["role"]; to: Workload["role"] }[] = [
  { to: "nginx" },
  { from: "nginx", to: "api" },
  { from: "api", to: "redis" },
  { from: "api", to: "database" },
];

/**
 * Returns a sentence for each connection of a request that NetworkPolicies refuse. A rule for address ranges may admit any
 * peer, because addresses of clients are not known here; so a sentence is certain, but some refusals are not found.
 *
 * @param policies of the stack's namespace.
 */
export function policyLockouts(policies: readonly V1NetworkPolicy[], subjects: PolicySubjects): string[] {
  const sentences = connections.flatMap(({ from, to }) =>
    podsOf(to, subjects).flatMap((target) => {
      const sources = from === undefined ? [undefined] : podsOf(from, subjects);
      return sources.flatMap((source) => [
        ...refusal(policies, "Ingress", { pods: target, peer: source, target }, subjects),
        ...(source ? refusal(policies, "Egress", { pods: source, peer: target, target }, subjects) : []),
      ]);
    }),
  );
  return [...new Set(sentences)];
}

function podsOf(role: Workload["role"], { pods }: PolicySubjects): PolicyPods[] {
  return pods.filter((each) => each.role === role);
}

/** The sentence when policies select `pods` and no rule of theirs admits `peer`; else nothing. */
function refusal(
  policies: readonly V1NetworkPolicy[],
  direction: Direction,
  ends: { pods: PolicyPods; peer: PolicyPods | undefined; target: PolicyPods },
  subjects: PolicySubjects,
): string[] {
  const selecting = policies.filter(
    ({ spec }) => typesOf(spec).includes(direction) && selectorMatches(spec?.podSelector, ends.pods.labels),
  );
  const rules = selecting.flatMap(({ spec }) => rulesOf(spec, direction));
  const admitted = rules.some(
    ({ peers, ports }) =>
      (!peers?.length || peers.some((peer) => peerMatches(peer, ends.peer, subjects))) &&
      (!ports?.length || ports.some((port) => portMatches(port, ends.target))),
  );
  if (selecting.length === 0 || admitted) return [];
  const names = selecting.map(({ metadata }) => metadata?.name ?? "?").sort();
  const many = names.length > 1;
  const subject = `${many ? "NetworkPolicies" : "NetworkPolicy"} ${names.join(", ")} ${many ? "select" : "selects"} ${ends.pods.role}`;
  return direction === "Ingress"
    ? [`${subject} and ${many ? "admit" : "admits"} nothing from ${ends.peer?.role ?? "outside the cluster"}`]
    : [`${subject} and ${many ? "let" : "lets"} nothing out to ${ends.target.role}`];
}

/** Without policyTypes, a policy is for ingress, and for egress when it has such rules. */
function typesOf(spec: V1NetworkPolicy["spec"]): readonly string[] {
  return spec?.policyTypes ?? (spec?.egress ? ["Ingress", "Egress"] : ["Ingress"]);
}

function rulesOf(
  spec: V1NetworkPolicy["spec"],
  direction: Direction,
): { peers?: V1NetworkPolicyPeer[]; ports?: V1NetworkPolicyPort[] }[] {
  return direction === "Ingress"
    ? (spec?.ingress ?? []).map(({ _from, ports, ...rest }) => ({
        // The API's JSON has `from`; the client library renames it.
        peers: _from ?? (rest as { from?: V1NetworkPolicyPeer[] }).from,
        ports,
      }))
    : (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
}

function peerMatches(
  { ipBlock, podSelector, namespaceSelector }: V1NetworkPolicyPeer,
  peer: PolicyPods | undefined,
  { namespaceLabels }: PolicySubjects,
): boolean {
  if (ipBlock) return true;
  if (peer === undefined) return false;
  return (
    (namespaceSelector === undefined || selectorMatches(namespaceSelector, namespaceLabels)) &&
    (podSelector === undefined || selectorMatches(podSelector, peer.labels))
  );
}

function portMatches({ port, endPort, protocol }: V1NetworkPolicyPort, { ports }: PolicyPods): boolean {
  if (protocol !== undefined && protocol !== "TCP") return false;
  if (port === undefined) return true;
  return ports.some(({ name, containerPort }) =>
    typeof port === "string"
      ? name === port
      : containerPort >= Number(port) && containerPort <= (endPort ?? Number(port)),
  );
}

/** Whether a label selector matches labels. An empty selector matches everything. */
function selectorMatches(selector: V1LabelSelector | undefined, labels: Record<string, string>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      const listed = value !== undefined && values.includes(value);
      return operator === "In" ? listed : !listed;
    })
  );
}
