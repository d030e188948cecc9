import assert from "node:assert/strict";
import type { ObservableNode } from "../cluster-node.ts";
import { migrationsCommand } from "../server-version.ts";
import { isUnderWay, type SlotMigration } from "../slot-migrations.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { advanceMigrations, beginMigration } from "./simulated-migrations.ts";
import { type SimulatedNode, simSlots } from "./simulated-node.ts";

/** What happens to a command: it succeeds, does not arrive, is carried out without a reply, or its sender is killed. */
export type Fate = "good" | "refused" | "reply lost" | "killed";

/** The sender of commands was killed. */
export class Killed extends Error {}

/**
 * Connections of one sender to nodes.
 *
 * @param fateOf decides what happens to each command
 * @param turnsOf decides how many turns of other senders each command waits for
 */
export function connect(
  world: SimulatedCluster,
  nodes: readonly SimulatedNode[],
  fateOf: () => Fate = () => "good",
  turnsOf: () => number = () => 0,
): ObservableNode[] {
  let isKilled = false;
  const send = async (node: SimulatedNode, command: string[]): Promise<unknown> => {
    for (let turns = turnsOf(); turns > 0; turns--) await undefined;
    const fate = isKilled ? "killed" : fateOf();
    isKilled ||= fate === "killed";
    if (fate === "killed") throw new Killed("killed");
    if (fate === "refused" || !node.isAlive) throw new Error(`${node.name} does not reply`);
    const isCut = fate === "reply lost";
    world.beforeCommand(node, command);
    const reply = carryOut(world, node, command, isCut);
    world.afterCommand();
    if (isCut) throw new Error("the reply was lost");
    return reply;
  };
  return nodes.map((node) => ({
    name: node.name,
    send: (...command) => send(node, command.map(String)),
    keysIn: async (slot, limit) => {
      const keys = await send(node, ["CLUSTER", "GETKEYSINSLOT", String(slot), String(limit)]);
      return (keys as string[]).map((key) => Buffer.from(key));
    },
    slotMigrations: async () => (await send(node, migrationsCommand(world.server) ?? [])) as SlotMigration[],
    view: async () => {
      if (!node.isAlive) throw new Error("does not reply");
      return {
        name: node.name,
        ip: node.ip,
        port: 6379,
        server: world.server,
        migrations: migrationsOf(world, node).filter(isUnderWay),
        known: node.known((id, ip) => world.answers(id, ip)),
        stateOk: true,
        replicates: world.replicates(node),
        copiesFrom: node.copiesFrom,
        offset: node.hasDataOf === node.primaryId ? 1 : 0,
        keys: node.keys.reduce((sum, keys) => sum + keys.size, 0),
        dataBytes: node.keys.reduce((sum, keys) => sum + keys.size, 0),
        overheadBytes: 0,
        maxBytes: 1000,
        stats: { hits: 0, misses: 0, evictedKeys: 0, sentOffset: 0 },
      };
    },
  }));
}

function migrationsOf({ server }: SimulatedCluster, node: SimulatedNode): SlotMigration[] {
  const success = server.name === "redis" ? "completed" : "success";
  return node.migrations.map(({ name, fromId, state, message }) => ({
    name,
    operation: fromId === node.id ? "EXPORT" : "IMPORT",
    state: state === "success" ? success : state,
    message,
    retries: 0,
  }));
}

/** Slot of a simulated key, which is `slot:anything`. */
export const slotOfKey = (key: string): number => Number(key.split(":")[0]) % simSlots;

function carryOut(world: SimulatedCluster, node: SimulatedNode, command: string[], isCut: boolean): unknown {
  const [name, sub = "", ...rest] = command;
  if (name === "MIGRATE") return migrate(world, node, command, isCut);
  if (name === "MEMORY") return 1;
  if (name === "FLUSHALL") return node.flush();
  if (name === "ASKING") return "OK";
  if (name === "DEL") return node.keys[slotOfKey(sub)]?.delete(sub) ? 1 : 0;
  const [id = ""] = rest;
  switch (sub) {
    case "SET-CONFIG-EPOCH":
      refuseUnless(node.table.size === 0 && node.configEpoch === 0, "config epoch is set");
      node.configEpoch = Number(id);
      node.currentEpoch = Math.max(node.currentEpoch, node.configEpoch);
      return "OK";
    case "MEET":
      world.introduce(
        node,
        world.nodes.find((other) => other.ip === id && other.isAlive),
      );
      return "OK";
    case "FORGET":
      return forget(world, node, id);
    case "FAILOVER":
      return failOver(world, node, id === "TAKEOVER");
    case "RESET":
      refuseUnless(node.primaryId !== undefined || node.keys.every((keys) => keys.size === 0), "holds keys");
      node.reset(id === "HARD");
      return "OK";
    case "ADDSLOTSRANGE":
      for (const slot of slotsIn(rest)) {
        refuseUnless(node.primaryId === undefined && node.owners[slot] === undefined, `slot ${slot} is busy`);
        node.owners[slot] = node.id;
        node.importing.delete(slot);
      }
      return "OK";
    case "BUMPEPOCH":
      node.bumpEpoch();
      return "BUMPED";
    case "DELSLOTSRANGE":
      for (const slot of slotsIn(rest)) node.owners[slot] = undefined;
      return "OK";
    case "REPLICATE":
      return replicate(node, id);
    case "MIGRATESLOTS":
      beginMigration(world, node, `${rest.at(-1)}`, slotsIn(rest.slice(1, -2)));
      return "OK";
    case "GETSLOTMIGRATIONS":
      advanceMigrations(world, node.migrations, true);
      return migrationsOf(world, node);
    case "MIGRATION":
      return importSlots(world, node, id, rest.slice(1));
    case "SETSLOT":
      return setSlot(node, Number(id), `${rest[1]}`, `${rest[2]}`);
    case "GETKEYSINSLOT":
      return [...(node.keys[Number(id)]?.keys() ?? [])].slice(0, Number(rest[1]));
    case "COUNTKEYSINSLOT":
      return node.keys[Number(id)]?.size ?? 0;
    default:
      return assert.fail(`no command ${command.join(" ")}`);
  }
}

function importSlots(
  world: SimulatedCluster,
  node: SimulatedNode,
  sub: string,
  bounds: readonly string[],
): unknown {
  if (sub === "STATUS") {
    advanceMigrations(world, node.migrations, true);
    return migrationsOf(world, node);
  }
  const slots = slotsIn(bounds);
  const source = world.byId(node.owners[slots[0] ?? 0]);
  refuseUnless(source?.isAlive === true, "slots without an owner");
  beginMigration(world, source as SimulatedNode, node.id, slots);
  return node.migrations.at(-1)?.name;
}

/** The slots of ranges that are given as first, last, first, last … */
function slotsIn(bounds: readonly string[]): number[] {
  return bounds.flatMap((first, index) =>
    index % 2 === 1
      ? []
      : Array.from({ length: Number(bounds[index + 1]) - Number(first) + 1 }, (_, at) => Number(first) + at),
  );
}

function refuseUnless(holds: boolean, reason: string): void {
  if (!holds) throw new Error(`ERR ${reason}`);
}

function forget(world: SimulatedCluster, node: SimulatedNode, id: string): string {
  refuseUnless(node.table.has(id), "Unknown node");
  refuseUnless(node.primaryId !== id, "Can't forget my master!");
  node.table.delete(id);
  node.owners = node.owners.map((owner) => (owner === id ? undefined : owner));
  for (const open of [node.migrating, node.importing])
    for (const [slot, other] of open) if (other === id) open.delete(slot);
  node.banned.set(id, world.now + 60);
  return "OK";
}

function failOver(world: SimulatedCluster, node: SimulatedNode, isForced: boolean): string {
  const primary = world.byId(node.primaryId);
  refuseUnless(node.primaryId !== undefined, "You should send CLUSTER FAILOVER to a replica");
  refuseUnless(isForced || world.replicates(node), "Master is down or failed");
  if (!isForced && primary !== undefined) {
    node.copyKeysOf(primary);
    node.currentEpoch = Math.max(...world.nodes.map(({ currentEpoch }) => currentEpoch));
  }
  node.replacePrimary();
  // The primary takes no writes until it has heard of it.
  if (!isForced && primary !== undefined) world.hear(primary, node);
  return "OK";
}

function replicate(node: SimulatedNode, id: string): string {
  const entry = node.table.get(id);
  refuseUnless(entry !== undefined, "Unknown node");
  refuseUnless(entry?.primaryId === undefined, "I can only replicate a master, not a replica.");
  const isEmpty = node.ownSlots.length === 0 && node.keys.every((keys) => keys.size === 0);
  refuseUnless(node.primaryId !== undefined || isEmpty, "the node must be empty");
  node.isSyncing ||= node.primaryId !== id;
  node.primaryId = id;
  node.copiesFrom = entry?.ip;
  node.migrating.clear();
  node.importing.clear();
  return "OK";
}

function setSlot(node: SimulatedNode, slot: number, state: string, id: string): string {
  refuseUnless(node.primaryId === undefined, "Please use SETSLOT only with masters.");
  refuseUnless(state === "STABLE" || id === node.id || node.table.has(id), `I don't know about node ${id}`);
  const isOwner = node.owners[slot] === node.id;
  switch (state) {
    case "IMPORTING":
      refuseUnless(!isOwner, `I'm already the owner of hash slot ${slot}`);
      node.importing.set(slot, id);
      return "OK";
    case "MIGRATING":
      refuseUnless(isOwner, `I'm not the owner of hash slot ${slot}`);
      node.migrating.set(slot, id);
      return "OK";
    case "STABLE":
      node.importing.delete(slot);
      node.migrating.delete(slot);
      return "OK";
    default:
      refuseUnless(
        !isOwner || id === node.id || node.keys[slot]?.size === 0,
        "I still hold keys for this hash slot",
      );
      if (node.keys[slot]?.size === 0 && id !== node.id) node.migrating.delete(slot);
      if (id === node.id && node.importing.delete(slot)) node.bumpEpoch();
      node.owners[slot] = id;
      return "OK";
  }
}

function migrate(
  world: SimulatedCluster,
  node: SimulatedNode,
  command: readonly string[],
  isCut: boolean,
): string {
  const target = world.nodes.find(({ ip, isAlive }) => ip === command[1] && isAlive);
  if (target === undefined) throw new Error("IOERR error or timeout connecting to the client");
  const mayReplace = command.includes("REPLACE");
  let moved = 0;
  for (const key of command.slice(command.indexOf("KEYS") + 1)) {
    const slot = slotOfKey(key);
    const value = node.keys[slot]?.get(key);
    if (value === undefined) continue;
    const isAccepted = target.owners[slot] === target.id || target.importing.has(slot);
    refuseUnless(isAccepted && target.primaryId === undefined, "Target instance replied with error: MOVED");
    if (target.keys[slot]?.has(key) && !mayReplace)
      throw new Error("BUSYKEY Target key name already exists.");
    target.keys[slot]?.set(key, value);
    // A migration that is cut leaves the key on both nodes.
    if (!isCut) node.keys[slot]?.delete(key);
    moved++;
  }
  return moved > 0 ? "OK" : "NOKEY";
}
