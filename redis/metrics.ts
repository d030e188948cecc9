import type { Controller } from "./controller.ts";
import { nodesOf, type Observation } from "./observation.ts";
import { sizeOf, slotCount } from "./slot-ranges.ts";

interface Family {
  name: string;
  type: "gauge" | "counter";
  help: string;
  samples: { labels: Record<string, string>; value: number }[];
}

/**
 * The controller's metrics, and those of the nodes that it observes, as text for Prometheus.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function renderMetrics(controller: Controller): string {
  const { status, reconciliation } = controller;
  const one = (value: number) => [{ labels: {}, value }];
  const families: Family[] = [
    {
      name: "redis_controller_state",
      type: "gauge",
      help: "1 for the state of the controller: settled, working, waiting, refused or standby",
      samples: ["settled", "working", "waiting", "refused", "standby"].map((state) => ({
        labels: { state },
        value: Number(state === status.state),
      })),
    },
    {
      name: "redis_controller_actions_total",
      type: "counter",
      help: "Changes of the Redis Cluster by the controller",
      samples: [...reconciliation.actions].map(([kind, value]) => ({ labels: { kind }, value })),
    },
    {
      name: "redis_controller_failovers_total",
      type: "counter",
      help: "Replicas that the controller has asked to take over from a silent primary",
      samples: one(controller.failovers),
    },
    {
      name: "redis_controller_observation_age_seconds",
      type: "gauge",
      help: "Time since the controller last asked all nodes",
      samples: one(status.ageMs / 1000),
    },
    {
      name: "redis_cluster_slots_to_move",
      type: "gauge",
      help: "Slots that are still to move to another node",
      samples: one((status.progress?.allSlots ?? 0) - (status.progress?.movedSlots ?? 0)),
    },
    ...(reconciliation.observation === undefined || status.state === "standby"
      ? []
      : nodeFamilies(reconciliation.observation)),
  ];
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(render)
    .join("");
}

function nodeFamilies(observation: Observation): Family[] {
  const nodes = nodesOf(observation);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  type Node = (typeof nodes)[number];
  const family = (
    name: string,
    type: Family["type"],
    help: string,
    measure: (node: Node) => number | undefined,
  ): Family => ({
    name: `redis_node_${name}`,
    type,
    help,
    samples: nodes.flatMap((node) => {
      const value = measure(node);
      return value === undefined ? [] : [{ labels: { node: shortName(node.view.name) }, value }];
    }),
  });
  const served = nodes.reduce((sum, { slots }) => sum + sizeOf(slots), 0);
  return [
    {
      name: "redis_cluster_slots_unserved",
      type: "gauge",
      help: "Slots that no node which replies owns",
      samples: [{ labels: {}, value: Math.max(0, slotCount - served) }],
    },
    {
      name: "redis_node_up",
      type: "gauge",
      help: "Whether the node replies",
      samples: [
        ...nodes.map(({ view }) => ({ labels: { node: shortName(view.name) }, value: 1 })),
        ...observation.silent.map((text) => ({ labels: { node: shortName(text) }, value: 0 })),
      ],
    },
    family("state_ok", "gauge", "Whether the node's cluster_state is ok", ({ view }) => Number(view.stateOk)),
    family("primary", "gauge", "Whether the node is a primary", ({ role }) => Number(role === "primary")),
    family("slots", "gauge", "Slots that the node owns", ({ slots }) => sizeOf(slots)),
    family("open_slots", "gauge", "Slots of the node that are being moved", ({ open }) => open.length),
    family("keys", "gauge", "Keys of the node", ({ view }) => view.keys),
    family(
      "memory_bytes",
      "gauge",
      "Memory that counts against maxmemory",
      ({ view }) => view.dataBytes + view.overheadBytes,
    ),
    family("memory_max_bytes", "gauge", "maxmemory", ({ view }) => view.maxBytes),
    family("hits_total", "counter", "Reads that found a key", ({ view }) => view.stats.hits),
    family("misses_total", "counter", "Reads that found no key", ({ view }) => view.stats.misses),
    family(
      "evicted_keys_total",
      "counter",
      "Keys that were evicted because memory was full",
      ({ view }) => view.stats.evictedKeys,
    ),
    family(
      "replication_lag_bytes",
      "gauge",
      "Changes of its primary that a replica does not have yet",
      ({ view, primaryId }) => {
        const primary = primaryId === undefined ? undefined : byId.get(primaryId);
        return primary && Math.max(0, primary.view.stats.sentOffset - view.offset);
      },
    ),
    family("replication_up", "gauge", "Whether a replica's link to its primary is up", ({ view, role }) =>
      role === "replica" ? Number(view.replicates) : undefined,
    ),
  ];
}

/** The pod's name: the first label of the host name. */
const shortName = (name: string): string => name.split(/[.:]/)[0] ?? name;

function render({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}
