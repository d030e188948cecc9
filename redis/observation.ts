import type { KnownNode } from "./cluster-nodes.ts";
import type { ServerVersion } from "./server-version.ts";
import type { SlotMigration } from "./slot-migrations.ts";

/** The present state of one node, as the node itself reports it. */
export interface NodeView {
  /** `host:port` as configured. */
  name: string;
  /** Address that the node was reached at. */
  ip: string;
  port: number;
  server: ServerVersion;
  /** Moves of slots in one step that the node takes part in at present. */
  migrations: SlotMigration[];
  /** The node's table: itself and all nodes that it knows. */
  known: KnownNode[];
  /** Whether the cluster_state of CLUSTER INFO is ok. */
  stateOk: boolean;
  /** Whether a replica's link to its primary is up. */
  replicates: boolean;
  /** Address that a replica copies from. */
  copiesFrom: string | undefined;
  /** Position in the stream of changes: of two replicas, the one with the larger position has the newer data. */
  offset: number;
  /** Number of its keys. */
  keys: number;
  /** Number of keys in slots that are open on any node or have no owner. */
  keysInSlots: ReadonlyMap<number, number>;
  /** Memory of the data. */
  dataBytes: number;
  /** Memory of everything else that counts against the limit. */
  overheadBytes: number;
  /** `maxmemory`; 0 when there is none. */
  maxBytes: number;
  stats: NodeStats;
}

/** What a node has counted since its start. */
export interface NodeStats {
  hits: number;
  misses: number;
  evictedKeys: number;
  /** Position in the stream of changes that a primary sends to its replicas. */
  sentOffset: number;
}

/** The state of a cluster. */
export interface Observation {
  /** Nodes of the wanted cluster, in the order in which they become primaries. */
  staying: NodeView[];
  /** Nodes that are to leave the cluster. */
  leaving: NodeView[];
  /** Names of nodes that do not reply, with the reasons. */
  silent: string[];
}

/** A node and what it knows. */
export interface Node extends KnownNode {
  view: NodeView;
  isLeaving: boolean;
  /** Place in the list of all nodes. */
  index: number;
  /** Its entries for the nodes of the list, in their order. */
  entries: readonly (KnownNode | undefined)[];
  /** Its entries for other nodes. */
  strangers: readonly KnownNode[];
}

/** Indexes what the nodes report: a cluster of 600 nodes has 360,000 entries. */
export function nodesOf({ staying, leaving }: Observation): Node[] {
  const selves = [...staying, ...leaving].map((view, index) => ({
    ...selfOf(view),
    view,
    index,
    isLeaving: index >= staying.length,
  }));
  const places = new Map(selves.map(({ id, index }) => [id, index]));
  return selves.map((self) => {
    const entries: (KnownNode | undefined)[] = Array(selves.length).fill(undefined);
    const strangers: KnownNode[] = [];
    for (const entry of self.view.known) {
      const place = places.get(entry.id);
      if (place === undefined) strangers.push(entry);
      else entries[place] = entry;
    }
    return { ...self, entries, strangers };
  });
}

/** What a node knows of an id, which may belong to no node of the list. */
export function entryOf(node: Node, id: string): KnownNode | undefined {
  return node.view.known.find((known) => known.id === id);
}

/**
 * The entry of a node's table that describes the node itself.
 *
 * @throws {Error} when there is none.
 */
export function selfOf(view: Pick<NodeView, "name" | "known">): KnownNode {
  const self = view.known.find((node) => node.isSelf);
  if (!self) throw new Error(`${view.name} does not list itself`);
  return self;
}

/** Names of nodes for messages; of many, only the first. */
export function names(nodes: readonly Node[]): string {
  const shown = nodes.slice(0, 6).map((node) => node.view.name);
  return shown.join(", ") + (nodes.length > shown.length ? `, and ${nodes.length - shown.length} more` : "");
}
