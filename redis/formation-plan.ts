import type { KnownNode } from "./cluster-nodes.ts";
import { assignSlots, type SlotRange, slotCount } from "./slot-ranges.ts";

/** A wanted node as it answered just now. */
export interface NodeView {
  /** As configured, for messages. */
  name: string;
  /** Where it was reached. */
  ip: string;
  port: number;
  /** Its table: itself and all nodes that it knows. */
  known: KnownNode[];
  /** cluster_state of CLUSTER INFO. */
  stateOk: boolean;
  /** Of a replica: whether its link to the primary is up. */
  replicates: boolean;
  /** Of a replica: the address from which it copies. */
  copiesFrom: string | undefined;
}

/** A command to be sent to one node. */
export type Action =
  | { kind: "number"; node: NodeView; epoch: number }
  | { kind: "meet"; node: NodeView; other: NodeView }
  | { kind: "take-over"; node: NodeView; goneId: string }
  | { kind: "forget"; node: NodeView; goneId: string }
  | { kind: "assign"; node: NodeView; ranges: SlotRange[] }
  | { kind: "replicate"; node: NodeView; primary: NodeView };

/** What to do next: commands that do not depend on each other, or to wait, or nothing more. */
export type Plan = { do: Action[] } | { waitFor: string } | "formed";

/** The wanted cluster cannot be reached from what is there without moving slots. */
export class FormationRefused extends Error {
  override name = "FormationRefused";
}

/**
 * The next step towards `shards` primaries that share all slots, every other node a replica of one of them. Roles that
 * are fit already stay as they are, whatever failovers made of them.
 *
 * @param views every wanted node, in the order in which they become primaries
 * @throws {FormationRefused}
 */
export function planFormation(views: readonly NodeView[], shards: number): Plan {
  const nodes = views.map((view) => ({ ...selfOf(view), view }));
  refuseTwins(nodes);
  const numbering = numberEpochs(nodes);
  if (numbering.length > 0) return { do: numbering };
  const meetings = meet(nodes);
  if (meetings.length > 0) return { do: meetings };
  const strangers = nodes.filter((node) => nodes.some((other) => !isKnown(node, other)));
  if (strangers.length > 0) return { waitFor: `nodes to know each other (${names(strangers)})` };

  const goodbyes = replaceGone(nodes);
  if (goodbyes.length > 0) return { do: goodbyes };
  const primaries = choosePrimaries(nodes, shards);
  const assignments = assignSlots(primaries.map((node) => node.slots)).flatMap((ranges, index): Action[] => {
    const node = primaries[index]?.view;
    return node && ranges.length > 0 ? [{ kind: "assign", node, ranges }] : [];
  });
  if (assignments.length > 0) return { do: assignments };
  const replications = replicate(nodes, primaries);
  if (replications.length > 0) return { do: replications };

  const unready = nodes.filter(({ view, role }) => !view.stateOk || (role === "replica" && !view.replicates));
  if (unready.length > 0) return { waitFor: `nodes to report a good state (${names(unready)})` };
  return "formed";
}

type Node = KnownNode & { view: NodeView };

function selfOf(view: NodeView): KnownNode {
  const self = view.known.find((node) => node.isSelf);
  if (!self) throw new Error(`${view.name} does not list itself`);
  return self;
}

function names(nodes: readonly Node[]): string {
  return nodes.map((node) => node.view.name).join(", ");
}

function refuseTwins(nodes: readonly Node[]): void {
  for (const node of nodes) {
    const twin = nodes.find((other) => other !== node && other.id === node.id);
    if (twin) throw new FormationRefused(`${node.view.name} and ${twin.view.name} are the same node`);
  }
}

/** Primaries of a new cluster get numbers of their own, which they would otherwise have to quarrel about first. */
function numberEpochs(nodes: readonly Node[]): Action[] {
  const isNew = nodes.every((node) => node.view.known.length === 1 && node.slots.length === 0);
  if (!isNew) return [];
  return nodes.flatMap((node, index): Action[] =>
    node.configEpoch === 0 ? [{ kind: "number", node: node.view, epoch: index + 1 }] : [],
  );
}

/** Every pair that does not know each other, or by an address of the past, is introduced by the present one. */
function meet(nodes: readonly Node[]): Action[] {
  return nodes.flatMap((node, index) =>
    nodes
      .slice(index + 1)
      .filter((other) => !hasAddressOf(node, other) || !hasAddressOf(other, node))
      .map((other): Action => ({ kind: "meet", node: node.view, other: other.view })),
  );
}

function hasAddressOf(node: Node, other: Node): boolean {
  const entry = node.view.known.find((known) => known.id === other.id);
  if (!entry) return false;
  // A link counts as one from the first attempt on, also to an address of the past.
  return (entry.ip === other.view.ip && entry.port === other.view.port) || (entry.isLinked && entry.isWell);
}

function isKnown(node: Node, other: Node): boolean {
  const entry = node.view.known.find((known) => known.id === other.id);
  return node === other || (entry?.isWell === true && entry.isLinked);
}

/** Nodes in the tables that are none of the wanted ones: the dead are replaced and forgotten, the living left alone. */
function replaceGone(nodes: readonly Node[]): Action[] {
  const wanted = new Set(nodes.map((node) => node.id));
  const gone = new Map<string, KnownNode>();
  for (const entry of nodes.flatMap((node) => node.view.known)) {
    if (wanted.has(entry.id) || entry.inHandshake) continue;
    const living = nodes.some(({ view }) =>
      view.known.some((known) => known.id === entry.id && known.isWell),
    );
    if (!living) gone.set(entry.id, entry);
    else if (entry.slots.length > 0) {
      const where = `${entry.ip}:${entry.port}`;
      throw new FormationRefused(
        `${where} serves slots but is none of the wanted nodes; slots are not moved yet`,
      );
    }
  }
  return [...gone.keys()].flatMap((goneId): Action[] => {
    const heir = nodes.find((node) => node.role === "replica" && node.primaryId === goneId);
    // Every wanted node answers and this one does not come back: no election is needed, nor is one always possible.
    if (heir) return [{ kind: "take-over", node: heir.view, goneId }];
    const who = nodes.filter(({ view }) => view.known.some((known) => known.id === goneId));
    return who.map(({ view }) => ({ kind: "forget", node: view, goneId }));
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
  const loose: Node[] = [];
  const again: Action[] = [];
  for (const node of nodes) {
    if (primaries.includes(node)) continue;
    const primary = primaries.find((candidate) => candidate.id === node.primaryId);
    if (primary) replicas.set(primary, (replicas.get(primary) ?? 0) + 1);
    else loose.push(node);
    if (primary && copiesFromPast(node))
      again.push({ kind: "replicate", node: node.view, primary: primary.view });
  }
  const first = loose.flatMap((node): Action[] => {
    const [fewest] = [...replicas].sort(([, a], [, b]) => a - b);
    if (!fewest) return [];
    replicas.set(fewest[0], fewest[1] + 1);
    return [{ kind: "replicate", node: node.view, primary: fewest[0].view }];
  });
  return [...first, ...again];
}

/** A node that learns its primary's new address from others goes on copying from the old one until it is told again. */
function copiesFromPast({ view, primaryId }: Node): boolean {
  const address = view.known.find((known) => known.id === primaryId)?.ip;
  return !view.replicates && view.copiesFrom !== undefined && address !== view.copiesFrom;
}
