import type { SimulatedMigration, SimulatedNode } from "./simulated-node.ts";

/** What moves need of the cluster. */
interface World {
  byId(id: string): SimulatedNode | undefined;
  /** Lets one node hear what another says of itself. */
  hear(node: SimulatedNode, speaker: SimulatedNode): void;
}

let names = 0;

/** Begins a move. @throws {Error} where Valkey refuses it */
export function beginMigration(world: World, from: SimulatedNode, toId: string, slots: number[]): void {
  const to = world.byId(toId);
  const isBusy = (slot: number) =>
    from.migrating.has(slot) ||
    from.migrations.some((each) => each.state === "migrating" && each.slots.includes(slot));
  if (from.primaryId !== undefined) throw new Error("ERR slot migration can only be used on primary nodes");
  if (to === undefined || !from.table.has(toId)) throw new Error(`ERR unknown node ${toId}`);
  if (slots.some((slot) => from.owners[slot] !== from.id)) throw new Error("ERR not the owner of the slots");
  if (slots.some(isBusy)) throw new Error("ERR slots are being migrated");
  const migration: SimulatedMigration = {
    name: `move-${names++}`,
    slots,
    fromId: from.id,
    toId,
    state: "migrating",
    message: "",
    roundsLeft: 2,
  };
  for (const node of [from, to]) node.migrations.push(migration);
}

/** Lets time pass for moves. @param isWaited whether a client waits until they end */
export function advanceMigrations(
  world: World,
  migrations: readonly SimulatedMigration[],
  isWaited: boolean,
): void {
  for (const migration of migrations.filter(({ state }) => state === "migrating")) {
    const [from, to] = [world.byId(migration.fromId), world.byId(migration.toId)];
    migration.roundsLeft = isWaited ? 0 : migration.roundsLeft - 1;
    const problem = problemOf(migration, from, to);
    if (problem !== undefined) Object.assign(migration, { state: "failed", message: problem });
    else if (migration.roundsLeft === 0)
      takeOver(world, migration, from as SimulatedNode, to as SimulatedNode);
  }
}

function problemOf(
  migration: SimulatedMigration,
  from: SimulatedNode | undefined,
  to: SimulatedNode | undefined,
): string | undefined {
  for (const node of [from, to])
    if (node === undefined || !node.isAlive || !node.migrations.includes(migration)) return "Connection lost";
    else if (node.primaryId !== undefined) return "A node was demoted during the move";
  return migration.slots.every((slot) => from?.owners[slot] === from?.id)
    ? undefined
    : "Slots are no longer owned";
}

/** The target takes the slots with all keys while the source pauses writes; the source hears of it before it goes on. */
function takeOver(world: World, migration: SimulatedMigration, from: SimulatedNode, to: SimulatedNode): void {
  to.currentEpoch = Math.max(to.currentEpoch, from.currentEpoch);
  to.bumpEpoch();
  for (const slot of migration.slots) {
    to.owners[slot] = to.id;
    to.keys[slot] = new Map(from.keys[slot]);
  }
  migration.state = "success";
  from.table.set(to.id, { ip: to.ip, primaryId: undefined, epoch: to.configEpoch });
  world.hear(from, to);
}
