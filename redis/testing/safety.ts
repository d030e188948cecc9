import assert from "node:assert/strict";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { slotOfKey } from "./simulated-commands.ts";
import type { SimulatedNode } from "./simulated-node.ts";

/** Fails before a command that could lose keys or leave slots without an owner. */
export function assertSafe(world: SimulatedCluster, node: SimulatedNode, command: readonly string[]): void {
  const [name, sub, ...rest] = command;
  if (name === "MIGRATE") assertSafeMigration(world, node, command);
  if (name === "FLUSHALL")
    for (const { owners, isAlive, table } of world.nodes)
      assert.ok(!isAlive || table.size === 0 || !owners.includes(node.id), "FLUSHALL of an owner of slots");
  if (sub === "FORGET") assertExpendable(world, world.byId(rest[0]), "FORGET");
  if (sub === "RESET") assertExpendable(world, node, "RESET");
  if (sub === "ADDSLOTSRANGE" && world.wantedNodes > 1)
    assert.ok(node.table.size > 0, "ADDSLOTS on a node alone");
  if (sub === "REPLICATE") assert.equal(node.ownSlots.length, 0, "REPLICATE of an owner of slots");
  if (sub === "FAILOVER") assertNoMigration(world, node.primaryId, "FAILOVER");
  if (sub === "REPLICATE" || sub === "RESET") assertNoMigration(world, node.id, `${sub}`);
  if (sub === "MIGRATESLOTS") for (const id of [node.id, rest.at(-1)]) assertNoMigration(world, id, sub);
  if (sub === "MIGRATION" && rest[0] === "IMPORT")
    for (const id of [node.id, node.owners[Number(rest[1])]]) assertNoMigration(world, id, "IMPORT");
  if (sub === "SETSLOT") assertSafeSlot(world, node, Number(rest[0]), rest[1], rest[2]);
}

/** A node that is forgotten or reset owns nothing, and nothing depends on it. A lost one is not there any more. */
function assertExpendable(world: SimulatedCluster, node: SimulatedNode | undefined, what: string): void {
  if (node === undefined) return;
  assert.equal(node.ownSlots.length, 0, `${what} of an owner of slots`);
  assert.equal(node.migrating.size + node.importing.size, 0, `${what} of an end of a move`);
  const isEmpty = node.primaryId !== undefined || node.keys.every((keys) => keys.size === 0);
  assert.ok(isEmpty, `${what} of a node with keys`);
  const hasReplica = world.nodes.some(
    (other) => other.isAlive && other.primaryId === node.id && other.table.size > 0,
  );
  assert.ok(!hasReplica || what === "RESET", `${what} of a primary with a replica`);
}

/** A node that moves slots in one step keeps its place, because a failover at the end of a move could lose writes. */
function assertNoMigration(world: SimulatedCluster, id: string | undefined, what: string): void {
  const moves = world.byId(id)?.migrations ?? [];
  assert.ok(!moves.some(({ state }) => state === "migrating"), `${what} during a move of slots in one step`);
}

function assertSafeSlot(
  world: SimulatedCluster,
  node: SimulatedNode,
  slot: number,
  state: string | undefined,
  id: string | undefined,
): void {
  const target = world.byId(id);
  if (state === "MIGRATING" && target !== undefined) {
    const replicas = world.nodes.filter(({ isAlive, primaryId }) => isAlive && primaryId === target.id);
    const isResumed = node.migrating.has(slot) || (target.keys[slot]?.size ?? 0) > 0;
    assert.ok(
      isResumed || replicas.every((replica) => world.replicates(replica)),
      "a move to a node whose replica is not in sync",
    );
    assert.ok(target.importing.has(slot), "MIGRATING before IMPORTING");
  }
  if (state !== "NODE" || id === undefined) return;
  if (id === node.id) {
    const source = world.byId(node.importing.get(slot));
    const isOwner = source !== undefined && source.owners[slot] === source.id && source.isAlive;
    assert.ok(!isOwner || source.keys[slot]?.size === 0, "NODE while the source has keys");
  } else if (node.owners[slot] === node.id && target?.isAlive) {
    assert.equal(target.owners[slot], target.id, "NODE on the source before the target");
  }
}

function assertSafeMigration(world: SimulatedCluster, node: SimulatedNode, command: readonly string[]): void {
  if (!command.includes("REPLACE")) return;
  const target = world.nodes.find(({ ip }) => ip === command[1]);
  const slot = slotOfKey(command.at(-1) ?? "");
  if (node.owners[slot] !== node.id) return;
  assert.equal(node.migrating.get(slot), target?.id, "REPLACE towards a node that the slot does not go to");
}
