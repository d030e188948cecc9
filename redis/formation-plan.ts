import type { KnownNode } from "./cluster-nodes.ts";
import { assignSlots, type SlotRange, slotCount } from "./slot-ranges.ts";

/** The present state of one wanted node, as the node itself reports it. */
export interface NodeView {
  /** `host:port` as configured, for messages. */
  name: string;
  /** Address that the node was reached at. */
  ip: string;
  port: number;
  /** The node's table: itself and all nodes that it knows. */
  known: KnownNode[];
  /** Whether the cluster_state of CLUSTER INFO is ok. */
  stateOk: boolean;
  /** Whether a replica's link to its primary is up. */
  replicates: boolean;
  /** Address that a replica copies from. */
  copiesFrom: string | undefined;
}

/** A command to send to one node. */
export type Action =
  | { kind: "number"; node: NodeView; epoch: number }
  | { kind: "meet"; node: NodeView; other: NodeView }
  | { kind: "take-over"; node: NodeView; goneId: string }
  | { kind: "forget"; node: NodeView; goneId: string }
  | { kind: "assign"; node: NodeView; ranges: SlotRange[] }
  | { kind: "replicate"; node: NodeView; primary: NodeView };

/** The next step: commands that do not depend on each other, or a state to wait for, or nothing to do. */
export type Plan = { actions: Action[] } | { waitFor: string } | "formed";

/** The wanted cluster cannot be reached from the present state without moving slots. */
export class FormationRefused extends Error {
  override name = "FormationRefused";
}

/**
 * Plans the next step towards `shards` primaries that share all slots, with every other node a replica of one of them.
 * Keeps the present roles where they fit, for example after a failover.
 *
 * @param views every wanted node, in the order in which they become primaries
 * @throws {FormationRefused} when slots would have to move.
 */
export function planFormation(views: readonly NodeView[], shards: number): Plan {
  const nodes = views.map((view) => ({ ...selfOf(view), view }));
  refuseDuplicates(nodes);
  const numbering = numberEpochs(nodes);
  if (numbering.length > 0) return { actions: numbering };
  const meetings = meet(nodes);
  if (meetings.length > 0) return { actions: meetings };
  const unconnected = nodes.filter((node) => nodes.some((other) => !isKnown(node, other)));
  if (unconnected.length > 0) return { waitFor: `nodes to know each other (${names(unconnected)})` };

  const removals = replaceLostNodes(nodes);
  if (removals.length > 0) return { actions: removals };
  const primaries = choosePrimaries(nodes, shards);
  const assignments = assignSlots(primaries.map((node) => node.slots)).flatMap((ranges, index): Action[] => {
    const node = primaries[index]?.view;
    return node && ranges.length > 0 ? [{ kind: "assign", node, ranges }] : [];
  });
  if (assignments.length > 0) return { actions: assignments };
  const replications = replicate(nodes, primaries);
  if (replications.length > 0) return { actions: replications };

  const unready = nodes.filter(({ view, role }) => !view.stateOk || (role === "replica" && !view.replicates));
  if (unready.length > 0) return { waitFor: `nodes to report a good state (${names(unready)})` };
  return "formed";
}

type Node = KnownNode & { view: NodeView };

/**
 * The entry of a node's table that describes the node itself.
 *
 * @throws {Error} when there is none.
 */
export function selfOf(view: NodeView): KnownNode {
  const self = view.known.find((node) => node.isSelf);
  if (!self) throw new Error(`${view.name} does not list itself`);
  return self;
}

function names(nodes: readonly Node[]): string {
  return nodes.map((node) => node.view.name).join(", ");
}

function refuseDuplicates(nodes: readonly Node[]): void {
  for (const node of nodes) {
    const twin = nodes.find((other) => other !== node && other.id === node.id);
    if (twin) throw new FormationRefused(`${node.view.name} and ${twin.view.name} are the same node`);
  }
}

/** Gives each node of a new cluster its own configuration epoch. Otherwise primaries first have to resolve equal ones. */
function numberEpochs(nodes: readonly Node[]): Action[] {
  const isNew = nodes.every((node) => node.view.known.length === 1 && node.slots.length === 0);
  if (!isNew) return [];
  return nodes.flatMap((node, index): Action[] =>
    node.configEpoch === 0 ? [{ kind: "number", node: node.view, epoch: index + 1 }] : [],
  );
}

/** Introduces the nodes of every pair that do not know each other, or know each other only by an old address. */
function meet(nodes: readonly Node[]): Action[] {
  return nodes.flatMap((node, index) =>
    nodes
      .slice(index + 1)
      .filter((other) => !hasAddressOf(node, other) || !hasAddressOf(other, node))
      .map((other): Action => ({ kind: "meet", node: node.view, other: other.view })),
  );
}

function hasAddressOf(node: Node, other: Node): boolean {
  const entry = entryOf(node, other.id);
  if (!entry) return false;
  // Redis reports a link from the first attempt to connect, also to an old address, so the link alone proves nothing.
  return (
    (entry.ip === other.view.ip && entry.port === other.view.port) || (entry.isLinked && entry.isHealthy)
  );
}

function isKnown(node: Node, other: Node): boolean {
  const entry = entryOf(node, other.id);
  return node === other || (entry?.isHealthy === true && entry.isLinked);
}

function entryOf({ view }: Node, id: string): KnownNode | undefined {
  return view.known.find((known) => known.id === id);
}

/**
 * Replaces nodes that are in the tables but not among the wanted ones. A lost primary is taken over by its replica, then
 * all lost nodes are forgotten. A node that still runs is left alone, or refused if it serves slots.
 */
function replaceLostNodes(nodes: readonly Node[]): Action[] {
  const wanted = new Set(nodes.map((node) => node.id));
  const lostIds = new Set<string>();
  for (const { id, ip, port, slots, inHandshake } of nodes.flatMap((node) => node.view.known)) {
    if (wanted.has(id) || inHandshake) continue;
    const isRunning = nodes.some((node) => entryOf(node, id)?.isHealthy);
    if (!isRunning) lostIds.add(id);
    else if (slots.length > 0) {
      throw new FormationRefused(
        `${ip}:${port} serves slots but is none of the wanted nodes; slots are not moved yet`,
      );
    }
  }
  return [...lostIds].flatMap((goneId): Action[] => {
    const replica = nodes.find((node) => node.role === "replica" && node.primaryId === goneId);
    // All wanted nodes reply and the lost primary never returns, so no election is needed. One might not even be possible.
    if (replica) return [{ kind: "take-over", node: replica.view, goneId }];
    const knowing = nodes.filter((node) => entryOf(node, goneId) !== undefined);
    return knowing.map(({ view }) => ({ kind: "forget", node: view, goneId }));
  });
}

function choosePrimaries(nodes: readonly Node[], shards: number): Node[] {
  const owners = nodes.filter((node) => node.slots.length > 0);
  const served = owners
    .flatMap((node) => node.slots)
    .reduce((sum, [first, last]) => sum + last - first + 1, 0);
  if (owners.length > shards || (owners.length < shards && served === slotCount)) {
    throw new FormationRefused(
      `the cluster has ${owners.length} shards and ${shards} are wanted; slots are not moved yet, ` +
        `so set redis.shards back to ${owners.length}`,
    );
  }
  const free = nodes.filter((node) => node.role === "primary" && node.slots.length === 0);
  const chosen = new Set([...owners, ...free.slice(0, shards - owners.length)]);
  return nodes.filter((node) => chosen.has(node));
}

function replicate(nodes: readonly Node[], primaries: readonly Node[]): Action[] {
  const replicas = new Map(primaries.map((primary) => [primary, 0]));
  const unassigned: Node[] = [];
  const repeated: Action[] = [];
  for (const node of nodes) {
    if (primaries.includes(node)) continue;
    const primary = primaries.find((candidate) => candidate.id === node.primaryId);
    if (primary) replicas.set(primary, (replicas.get(primary) ?? 0) + 1);
    else unassigned.push(node);
    if (primary && copiesFromOldAddress(node))
      repeated.push({ kind: "replicate", node: node.view, primary: primary.view });
  }
  const first = unassigned.flatMap((node): Action[] => {
    const [fewest] = [...replicas].sort(([, a], [, b]) => a - b);
    if (!fewest) return [];
    replicas.set(fewest[0], fewest[1] + 1);
    return [{ kind: "replicate", node: node.view, primary: fewest[0].view }];
  });
  return [...first, ...repeated];
}

/**
 * A replica that learns its primary's new address from another node keeps copying from the old one (Redis 8.0).
 * See docs/decisions.md#replica-with-an-old-address.
 */
function copiesFromOldAddress(node: Node): boolean {
  const { view, primaryId } = node;
  const address = primaryId === undefined ? undefined : entryOf(node, primaryId)?.ip;
  return !view.replicates && view.copiesFrom !== undefined && address !== view.copiesFrom;
}
