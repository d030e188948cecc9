import { type Plan, TopologyRefused } from "./actions.ts";
import { entryOf, type Node, names, nodesOf, type Observation } from "./observation.ts";
import type { Hosts } from "./placement.ts";
import { choosePrimaries, planMoves } from "./plan-balance.ts";
import {
  forgetLost,
  isConnected,
  lostIdsOf,
  meet,
  numberEpochs,
  refuseOtherClusters,
  retire,
  takeOver,
} from "./plan-members.ts";
import { spareMigrations } from "./plan-migrations.ts";
import { mendOpenSlots } from "./plan-open-slots.ts";
import { followPrimary, planReplicas } from "./plan-replicas.ts";
import { assignUnowned, flushStrays, ownersOf, viewersThatDisagree } from "./plan-slots.ts";
import { slotCount } from "./slot-ranges.ts";

/** The wanted cluster. */
export interface Topology {
  shards: number;
  replicasPerShard: number;
  /** Number of slots. Default: that of Redis; tests use fewer. */
  slots?: number;
  /** Machines of the nodes, so that a shard does not have all its nodes on one. Default: not known. */
  hosts?: Hosts;
}

/**
 * Plans the next step towards `shards` primaries that share all slots evenly, with `replicasPerShard` replicas each, and
 * without the nodes that are to leave. Keeps the present roles where they fit, for example after a failover, and moves as few
 * slots as possible. The same state gives the same plan; a settled cluster gives none.
 *
 * Nothing but introductions happens unless every node replies, and no slot moves unless all nodes agree on all owners.
 *
 * @throws {TopologyRefused} when the wanted cluster cannot be reached.
 */
export function planTopology(observed: Observation, topology: Topology): Plan {
  const nodes = nodesOf(observed);
  return spareMigrations(planWith(nodes, observed.silent, topology), nodes);
}

function planWith(nodes: readonly Node[], silent: readonly string[], topology: Topology): Plan {
  const slots = topology.slots ?? slotCount;
  refuseDuplicates(nodes);
  const staying = nodes.filter((node) => !node.isLeaving);
  const members = membersOf(nodes, topology.shards);
  const numbering = numberEpochs(staying);
  if (numbering.length > 0) return { actions: numbering };
  const meetings = meet(members);
  if (meetings.length > 0) {
    refuseOtherClusters(members);
    return { actions: meetings };
  }
  if (silent.length > 0) {
    const following = followPrimary(members);
    if (following.length > 0) return { actions: following };
    const all = nodes.length + silent.length;
    return { waitFor: `${silent.length} of ${all} nodes (${silent.join("; ")})` };
  }
  const unconnected = members.filter((node) => members.some((other) => !isConnected(node, other)));
  if (unconnected.length > 0) return { waitFor: `nodes to know each other (${names(unconnected)})` };

  return mendOwners(members, slots) ?? changeShape(nodes, members, topology, slots);
}

/** Steps after which every slot has one owner that all nodes agree on, no slot is open, and no lost node is known. */
function mendOwners(members: readonly Node[], slots: number): Plan | undefined {
  const owners = ownersOf(members, slots);
  if (owners === undefined) return { waitFor: "one owner of each slot" };
  const lost = lostIdsOf(members);
  const takeOvers = takeOver(members, lost, owners);
  if (takeOvers.length > 0) return { actions: takeOvers };
  const isOpen = members.some(({ open }) => open.length > 0);
  const waiting = lost.length > 0 || isOpen ? waitForAgreement(members) : undefined;
  if (waiting !== undefined) return waiting;
  const following = followPrimary(members);
  if (following.length > 0) return { actions: following };
  const mending = mendOpenSlots(members, owners);
  if (mending.length > 0) return { actions: mending };
  const forgetting = forgetLost(members, lost);
  if (forgetting.length > 0) return { actions: forgetting };
  return undefined;
}

/** Steps towards the wanted shards, replicas and shares of slots, from a cluster that is in order. */
function changeShape(
  nodes: readonly Node[],
  members: readonly Node[],
  topology: Topology,
  slots: number,
): Plan {
  const staying = nodes.filter((node) => !node.isLeaving);
  const { primaries, promotions } = choosePrimaries(staying, members, topology.shards);
  const assignments = assignUnowned(members, primaries, slots);
  if (assignments.length > 0) return { actions: assignments };
  const isNew = members.every(({ view }) => view.keys === 0);
  const disagreement = waitForAgreement(members);
  if (!isNew && disagreement !== undefined) return disagreement;
  const flushes = flushStrays(nodes);
  if (flushes.length > 0) return { actions: flushes };
  if (promotions.length > 0) return waitForGoodState(members) ?? { actions: promotions };
  const moves = planMoves(members, primaries, slots);
  const replications = planReplicas(staying, members, primaries, topology);
  if (replications.length > 0) return { actions: replications };
  // A replica that is a copy protects the keys that its primary gets.
  const waiting = disagreement ?? waitForGoodState(members);
  if (waiting !== undefined) return waiting;
  const retirements = retire(
    members,
    nodes.filter((node) => !members.includes(node)),
  );
  if (retirements.length > 0) return { actions: retirements };
  return moves.actions.length > 0 ? moves : "settled";
}

function waitForAgreement(members: readonly Node[]): Plan | undefined {
  const others = viewersThatDisagree(members);
  return others.length === 0
    ? undefined
    : { waitFor: `nodes to agree on the owners of slots (${names(others)})` };
}

function waitForGoodState(members: readonly Node[]): Plan | undefined {
  const unready = members.filter(
    ({ view, role }) => !view.stateOk || (role === "replica" && !view.replicates),
  );
  return unready.length === 0 ? undefined : { waitFor: `nodes to report a good state (${names(unready)})` };
}

/**
 * Nodes that are to leave are members until they own nothing any more. Their replicas protect the keys until then, and take
 * over from a lost primary.
 */
function membersOf(nodes: readonly Node[], shards: number): Node[] {
  // Keys of slots that are open, or have no owner and are given to the node that has keys of them.
  const hasRest = ({ view }: Node) => [...view.keysInSlots.values()].some((keys) => keys > 0);
  // A replica keeps an open state that means nothing.
  const hasPart = (node: Node) =>
    node.slots.length > 0 || (node.role === "primary" && (node.open.length > 0 || hasRest(node)));
  const owners = nodes.filter(({ slots }) => slots.length > 0);
  const isDraining = owners.length > shards || nodes.some((node) => node.isLeaving && hasPart(node));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const isGuard = (node: Node) => {
    const { primaryId } = node;
    if (primaryId === undefined) return false;
    const primary = byId.get(primaryId);
    if (primary === undefined) return hasRest(node) || entryOf(node, primaryId)?.slots.length;
    return isDraining && primary.slots.length;
  };
  return nodes.filter((node) => !node.isLeaving || hasPart(node) || isGuard(node));
}

function refuseDuplicates(nodes: readonly Node[]): void {
  const first = new Map<string, Node>();
  for (const node of nodes) {
    const twin = first.get(node.id);
    if (twin) throw new TopologyRefused(`${twin.view.name} and ${node.view.name} are the same node`);
    first.set(node.id, node);
  }
}
