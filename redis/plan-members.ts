import { type Action, TopologyRefused } from "./actions.ts";
import type { KnownNode } from "./cluster-nodes.ts";
import { entryOf, type Node, names } from "./observation.ts";
import { slotsIn } from "./slot-ranges.ts";

/**
 * Gives each new node a configuration epoch of its own, above all that are known, before it meets others. Primaries with equal
 * epochs raise them when they hear of each other, and one that has just given up slots would get them back from nodes that
 * have not heard of it.
 */
export function numberEpochs(nodes: readonly Node[]): Action[] {
  const isNew = ({ view, slots, configEpoch }: Node) =>
    view.known.length === 1 && slots.length === 0 && configEpoch === 0;
  const news = nodes.filter(isNew);
  if (news.length === 0) return [];
  const highestIn = ({ view }: Node) =>
    view.known.reduce((max, { configEpoch }) => Math.max(max, configEpoch), 0);
  const highest = nodes.reduce((max, node) => Math.max(max, highestIn(node)), 0);
  return news.map((node, index): Action => ({ kind: "number", node: node.view, epoch: highest + index + 1 }));
}

/**
 * Makes sure that an introduction joins no two clusters: their nodes would take each other's slots. Nodes are of one cluster when
 * their tables have an id in common, also by way of others. A new node, or one without its data, is no cluster: nobody in its
 * table owns slots.
 *
 * @throws {TopologyRefused} when members are of two clusters with slots.
 */
export function refuseOtherClusters(members: readonly Node[]): void {
  let clusters: { ids: Set<string>; nodes: Node[] }[] = [];
  for (const node of members) {
    const ids = node.view.known.map(({ id }) => id);
    const same = clusters.filter((cluster) => ids.some((id) => cluster.ids.has(id)));
    const joined = {
      ids: new Set([...ids, ...same.flatMap((cluster) => [...cluster.ids])]),
      nodes: [...same.flatMap(({ nodes }) => nodes), node],
    };
    clusters = [...clusters.filter((cluster) => !same.includes(cluster)), joined];
  }
  const hasSlots = ({ view }: Node) => view.known.some(({ slots }) => slots.length > 0);
  const [own, other] = clusters
    .filter(({ nodes }) => nodes.some(hasSlots))
    .sort((a, b) => b.nodes.length - a.nodes.length);
  if (own === undefined || other === undefined) return;
  throw new TopologyRefused(
    `${names(other.nodes)} knows another Redis Cluster than ${names(own.nodes)}, and both have slots; ` +
      "nothing joins them; give the pod the right volume, or delete its volume if nobody needs the data",
  );
}

/** Introduces the nodes of every pair that do not know each other, or know each other only by an old address. */
export function meet(members: readonly Node[]): Action[] {
  return members.flatMap((node, index) =>
    members
      .slice(index + 1)
      .filter((other) => !hasAddressOf(node, other) || !hasAddressOf(other, node))
      .map((other): Action => ({ kind: "meet", node: node.view, other: other.view })),
  );
}

function hasAddressOf(node: Node, other: Node): boolean {
  const entry = node.entries[other.index];
  if (!entry) return false;
  // Redis reports a link from the first attempt to connect, also to an old address, so the link alone proves nothing.
  return (
    (entry.ip === other.view.ip && entry.port === other.view.port) || (entry.isLinked && entry.isHealthy)
  );
}

/** Whether a node has a good connection to another. */
export function isConnected(node: Node, other: Node): boolean {
  const entry = node.entries[other.index];
  return node === other || (entry?.isHealthy === true && entry.isLinked);
}

/**
 * Ids in the tables that belong to no node of the cluster: nodes that lost their data or were removed.
 *
 * @throws {TopologyRefused} when such a node runs and owns slots.
 */
export function lostIdsOf(members: readonly Node[]): string[] {
  const strangers = new Map<string, { entry: KnownNode; isRunning: boolean; hasSlots: boolean }>();
  for (const node of members)
    for (const entry of node.strangers) {
      if (entry.inHandshake) continue;
      const stranger = strangers.get(entry.id) ?? { entry, isRunning: false, hasSlots: false };
      stranger.isRunning ||= entry.isHealthy;
      stranger.hasSlots ||= entry.slots.length > 0;
      strangers.set(entry.id, stranger);
    }
  for (const { entry, isRunning, hasSlots } of strangers.values())
    if (isRunning && hasSlots)
      throw new TopologyRefused(
        `${entry.ip}:${entry.port} serves slots but is none of the nodes of this cluster`,
      );
  return [...strangers].filter(([, { isRunning }]) => !isRunning).map(([id]) => id);
}

/**
 * Lets a replica of a lost primary take its place. All nodes reply and the lost primary never returns, so no election
 * is needed, which might not even be possible. One after another, the newest owner first: a replica that has not heard of a
 * move would claim the slots of both ends.
 */
export function takeOver(
  members: readonly Node[],
  lostIds: readonly string[],
  owners: readonly (Node | undefined)[],
): Action[] {
  const isFree = (slot: number) => owners[slot] === undefined;
  const isReady = (node: Node, goneId: string) => {
    if (node.role !== "replica" || node.primaryId !== goneId) return false;
    const slots = slotsIn(entryOf(node, goneId)?.slots ?? []);
    // It may also have keys of slots that it has not heard of.
    const hasKeys = [...node.view.keysInSlots].some(([slot, keys]) => keys > 0 && isFree(slot));
    // Another replica may have taken over already, and this one has not heard of it.
    return slots.every(isFree) && (slots.length > 0 || hasKeys);
  };
  const heirs = lostIds.flatMap((goneId) => {
    const replicas = members.filter((node) => isReady(node, goneId));
    const [node] = replicas.sort((a, b) => b.view.offset - a.view.offset);
    const epoch = Math.max(...members.map((member) => entryOf(member, goneId)?.configEpoch ?? 0));
    return node === undefined ? [] : [{ node, goneId, epoch }];
  });
  const [first] = heirs.sort((a, b) => b.epoch - a.epoch);
  return first === undefined ? [] : [{ kind: "take-over", node: first.node.view, goneId: first.goneId }];
}

/** Removes lost nodes from all tables. A replica that still names one gets another primary first. */
export function forgetLost(members: readonly Node[], lostIds: readonly string[]): Action[] {
  const lost = new Set(lostIds);
  const owners = members.filter((node) => node.role === "primary" && node.slots.length > 0);
  const orphans = members.filter((node) => node.primaryId !== undefined && lost.has(node.primaryId));
  const [primary] = owners;
  if (orphans.length > 0 && primary !== undefined)
    return orphans.map((node): Action => ({ kind: "replicate", node: node.view, primary: primary.view }));
  return lostIds.flatMap((goneId) =>
    members
      .filter((node) => entryOf(node, goneId) !== undefined && node.primaryId !== goneId)
      .map((node): Action => ({ kind: "forget", node: node.view, goneId })),
  );
}

/**
 * Removes nodes that own nothing any more: replicas first, on all nodes within a moment, because a node forgets for only 60 s
 * and then hears of the other again. The nodes themselves start afresh, so that their ids never come back.
 */
export function retire(members: readonly Node[], leavers: readonly Node[]): Action[] {
  // A node that loses all its slots may become a replica itself, and its replicas name it still.
  const named = new Set(leavers.map((node) => node.primaryId));
  const rank = (node: Node) => (named.has(node.id) ? 2 : 0) + (node.role === "primary" ? 1 : 0);
  const replicasFirst = [...leavers].sort((a, b) => rank(a) - rank(b));
  return replicasFirst.flatMap(({ id, index, view }): Action[] => [
    ...members
      .filter((node) => node.entries[index] !== undefined)
      .map((node): Action => ({ kind: "forget", node: node.view, goneId: id })),
    ...(view.known.length > 1 ? [{ kind: "reset", node: view, isHard: true } as const] : []),
  ]);
}
