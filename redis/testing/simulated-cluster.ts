import assert from "node:assert/strict";
import type { ServerVersion } from "../server-version.ts";
import { advanceMigrations } from "./simulated-migrations.ts";
import { SimulatedNode } from "./simulated-node.ts";

/** A Redis Cluster in memory. Every node has its own view; nodes hear of each other when `gossip` lets them. */
export class SimulatedCluster {
  readonly nodes: SimulatedNode[] = [];
  /** Number of nodes of the wanted cluster. */
  wantedNodes = 0;
  /** The program of all nodes. */
  server: ServerVersion = { name: "redis", version: [8, 0, 2] };
  #addresses = 0;
  #now = 0;
  /** Called before each command is carried out, and after. */
  beforeCommand: (node: SimulatedNode, command: readonly string[]) => void = () => undefined;
  afterCommand: () => void = () => undefined;

  constructor(count: number) {
    this.grow(count);
    this.wantedNodes = count;
  }

  /** Adds empty nodes until there are so many. */
  grow(count: number): void {
    while (this.nodes.length < count)
      this.nodes.push(new SimulatedNode(`redis-${this.nodes.length}:6379`, this.#freshAddress()));
  }

  at(index: number): SimulatedNode {
    return this.nodes[index] ?? assert.fail(`no node ${index}`);
  }

  byId(id: string | undefined): SimulatedNode | undefined {
    return this.nodes.find((node) => node.id === id);
  }

  /** Whether a replica's link to its primary is up. */
  replicates(node: SimulatedNode): boolean {
    const primary = this.byId(node.primaryId);
    if (node.isSyncing) return false;
    return primary?.isAlive === true && primary.ip === node.copiesFrom && primary.primaryId === undefined;
  }

  /** Whether a node with this id runs at the address. */
  answers(id: string, ip: string): boolean {
    return this.nodes.some((node) => node.id === id && node.ip === ip && node.isAlive);
  }

  /** Lets one node hear what another says of itself. */
  hear(node: SimulatedNode, speaker: SimulatedNode): void {
    // By a message, or by the reply to one.
    const isReached =
      speaker.table.get(node.id)?.ip === node.ip || node.table.get(speaker.id)?.ip === speaker.ip;
    const entry = node.table.get(speaker.id);
    if (!node.isAlive || !speaker.isAlive || node === speaker || !isReached || entry === undefined) return;
    node.currentEpoch = Math.max(node.currentEpoch, speaker.currentEpoch);
    const { ip, primaryId, configEpoch: epoch } = speaker;
    node.table.set(speaker.id, { ip, primaryId, epoch });
    if (primaryId === undefined) this.#hearClaims(node, speaker);
    const isRival = node.primaryId === undefined && primaryId === undefined && node.configEpoch === epoch;
    if (isRival && node.id < speaker.id) node.configEpoch = ++node.currentEpoch;
    for (const [id, { ip: address }] of speaker.table) {
      const isBanned = (node.banned.get(id) ?? 0) > this.#now;
      if (id === node.id || node.table.has(id) || isBanned || !this.answers(id, address)) continue;
      this.introduce(node, this.byId(id));
    }
  }

  #hearClaims(node: SimulatedNode, speaker: SimulatedNode): void {
    const current = node.primaryId ?? node.id;
    const hadSlots = node.slotsOf(current).length;
    let taken = 0;
    const dirty: number[] = [];
    const newer = new Set<string>();
    const claims = speaker.ownSlots;
    for (const slot of claims) {
      const owner = node.owners[slot];
      if (owner === speaker.id) continue;
      if (owner === undefined || node.epochOf(owner) < speaker.configEpoch) {
        if (owner === current) taken++;
        if (owner === node.id) dirty.push(slot);
        node.owners[slot] = speaker.id;
      } else if (speaker.table.has(owner) && node.epochOf(owner) > speaker.configEpoch) newer.add(owner);
    }
    // A node whose slots were all taken by one that had none before is a replica of it now.
    if (taken > 0 && taken === hadSlots && taken === claims.length) {
      node.primaryId = speaker.id;
      node.copiesFrom = speaker.ip;
      node.migrating.clear();
      node.importing.clear();
      node.copyKeysOf(speaker);
    } else for (const slot of dirty) node.keys[slot]?.clear();
    // The reply says who owns the slots.
    for (const id of newer) {
      const owner = this.byId(id);
      const entry = speaker.table.get(id);
      if (owner === undefined || entry === undefined || owner.primaryId !== undefined) continue;
      entry.epoch = node.epochOf(id);
      this.#hearClaims(speaker, owner);
    }
  }

  /** Lets all nodes hear each other until all have heard everything. */
  settle(): void {
    this.#now += 10;
    for (const node of this.nodes) node.isSyncing = false;
    advanceMigrations(this, [...new Set(this.nodes.flatMap(({ migrations }) => migrations))], false);
    for (let round = 0; round < 4; round++)
      for (const node of this.nodes) for (const speaker of this.nodes) this.hear(node, speaker);
  }

  /** Stops a node. Its replicas have its data. */
  kill(node: SimulatedNode): void {
    if (!node.isAlive) return;
    for (const replica of this.nodes)
      if (replica.primaryId === node.id && replica.isAlive && this.replicates(replica)) {
        replica.copyKeysOf(node);
        replica.hasDataOf = node.id;
      }
    node.isAlive = false;
    node.migrations = [];
  }

  /** Starts a node again, with or without its data, at another address. */
  start(node: SimulatedNode, hasData = true): void {
    this.kill(node);
    node.isAlive = true;
    node.ip = this.#freshAddress();
    // What a replica had before is old when its primary takes writes again.
    for (const replica of this.nodes)
      if (replica.hasDataOf === node.id && hasData) replica.hasDataOf = undefined;
    if (hasData) return;
    node.flush();
    node.reset(true);
  }

  /** Lets a replica take the place of its primary that does not run, as the other primaries would. */
  failOver(replica: SimulatedNode): boolean {
    const gone = `${replica.primaryId}`;
    const slots = replica.slotsOf(gone);
    const isRunning = this.byId(gone)?.isAlive === true;
    if (isRunning || !replica.isAlive || slots.length === 0 || replica.hasDataOf !== gone) return false;
    if (this.nodes.some((node) => node.isAlive && node.ownSlots.some((slot) => slots.includes(slot))))
      return false;
    replica.currentEpoch = Math.max(...this.nodes.map((node) => node.currentEpoch));
    replica.replacePrimary();
    return true;
  }

  /** The present time, in seconds. */
  get now(): number {
    return this.#now;
  }

  #freshAddress(): string {
    return `10.0.0.${++this.#addresses}`;
  }

  /** Makes two nodes known to each other. */
  introduce(node: SimulatedNode, other: SimulatedNode | undefined): void {
    if (other === undefined || other === node) return;
    const entryOf = ({ ip, primaryId, configEpoch: epoch }: SimulatedNode) => ({ ip, primaryId, epoch });
    node.table.set(other.id, entryOf(other));
    other.table.set(node.id, entryOf(node));
    for (const each of [node, other]) each.banned.delete(each === node ? other.id : node.id);
  }
}
