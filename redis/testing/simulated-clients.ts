import assert from "node:assert/strict";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { slotOfKey } from "./simulated-commands.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** Clients of a simulated cluster. They remember every write that was acknowledged. */
export class SimulatedClients {
  readonly #world: SimulatedCluster;
  readonly #written = new Map<string, number>();
  #values = 0;

  constructor(world: SimulatedCluster) {
    this.#world = world;
  }

  /** Writes a key wherever the cluster sends the client. A cluster that cannot serve the slot acknowledges nothing. */
  write(key: string): void {
    const place = this.#serving(key);
    if (place === undefined) return;
    place.keys[slotOfKey(key)]?.set(key, ++this.#values);
    this.#written.set(key, this.#values);
  }

  /** Fails when a client is sent to a node that does not have what was acknowledged, wherever it begins. */
  assertReadable(): void {
    const nodes = this.#world.nodes.filter(({ isAlive, table }) => isAlive && table.size > 0);
    for (const [key, value] of this.#written)
      for (const start of new Set([nodes[0], nodes[nodes.length >> 1], nodes.at(-1)])) {
        const place = this.#serving(key, start);
        if (place !== undefined)
          assert.equal(place.keys[slotOfKey(key)]?.get(key), value, `key ${key} is not at ${place.name}`);
      }
  }

  /** Fails when a key is not served at all. */
  assertServed(): void {
    this.assertReadable();
    for (const key of this.#written.keys()) assert.ok(this.#serving(key), `no node serves ${key}`);
  }

  /** Does something that destroys data. Keys that no node has afterwards count as written no longer. */
  whileLosing(act: () => void): void {
    const before = [...this.#written].filter(([key, value]) => this.#exists(key, value));
    act();
    for (const [key, value] of before) if (!this.#exists(key, value)) this.#written.delete(key);
  }

  #exists(key: string, value: number): boolean {
    return this.#world.nodes.some((node) => node.keys[slotOfKey(key)]?.get(key) === value);
  }

  /** The node that a client ends at; undefined when it is sent around, or to a node that does not reply. */
  #serving(key: string, start?: SimulatedNode): SimulatedNode | undefined {
    const slot = slotOfKey(key);
    let node =
      start ?? this.#world.nodes.find(({ isAlive, owners }) => isAlive && owners[slot] !== undefined);
    for (let hops = 0; node?.isAlive && hops < 8; hops++) {
      const { migrating, owners, keys, id }: SimulatedNode = node;
      if (owners[slot] !== id) {
        node = this.#world.byId(owners[slot]);
        continue;
      }
      const target = this.#world.byId(migrating.get(slot));
      if (target === undefined || keys[slot]?.has(key)) return node;
      const isAccepted = target.importing.has(slot) || target.owners[slot] === target.id;
      return target.isAlive && isAccepted && target.primaryId === undefined ? target : undefined;
    }
    return undefined;
  }
}
