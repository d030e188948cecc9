import type { Action } from "./actions.ts";
import type { ClusterNode, Credentials } from "./cluster-node.ts";
import { importSlots } from "./import-slots.ts";
import { migrateSlots } from "./migrate-slots.ts";
import { closeSlots, giveBack, type MoveEnd, moveSlots } from "./move-slots.ts";
import { type NodeView, selfOf } from "./observation.ts";
import { movesInOneStep } from "./server-version.ts";
import { rangesOf, type SlotRange, sizeOf } from "./slot-ranges.ts";

/** How actions reach the nodes. */
export interface Performer {
  /** The connection to the node with this name. */
  nodeOf: (name: string) => ClusterNode;
  /** For the nodes, which log in at each other. */
  credentials: Credentials;
}

/**
 * Carries out an action.
 *
 * @returns the result in words
 * @throws {Error} when a command fails; the state must then be observed again.
 */
export async function perform(action: Action, performer: Performer): Promise<string> {
  const node = performer.nodeOf(action.node.name);
  switch (action.kind) {
    case "number":
      await node.send("CLUSTER", "SET-CONFIG-EPOCH", String(action.epoch));
      return `gets configuration epoch ${action.epoch}`;
    case "meet": {
      const { name, ip, port } = action.other;
      await node.send("CLUSTER", "MEET", ip, String(port), String(selfOf(action.other).busPort));
      return `meets ${name} (${ip})`;
    }
    case "take-over":
      await node.send("CLUSTER", "FAILOVER", "TAKEOVER");
      return `takes over from its lost primary ${action.goneId}`;
    case "hand-over":
      await node.send("CLUSTER", "FAILOVER");
      return "takes over from its primary, which is to leave";
    case "forget":
      await node.send("CLUSTER", "FORGET", action.goneId);
      return `forgets the node ${action.goneId}`;
    case "assign":
      if (action.busy.length > 0)
        await node.send("CLUSTER", "DELSLOTSRANGE", ...action.busy.flat().map(String));
      // The claim with the highest epoch is believed.
      if (action.isContested) await node.send("CLUSTER", "BUMPEPOCH");
      await node.send("CLUSTER", "ADDSLOTSRANGE", ...action.ranges.flat().map(String));
      return `gets slots ${textOf(action.ranges)}`;
    case "replicate":
      await node.send("CLUSTER", "REPLICATE", selfOf(action.primary).id);
      return `becomes a replica of ${action.primary.name}`;
    case "move":
      await move(action, performer);
      return `moved ${action.slots.length} slots to ${action.to.name}`;
    case "close":
      await closeSlots(node, action.slots);
      return `ends the open state of slots ${textOf(rangesOf(action.slots))}`;
    case "give-back":
      await giveBack(
        endOf(action.node, performer),
        endOf(action.owner, performer),
        action.slots,
        performer.credentials,
      );
      return `gave keys of ${action.slots.length} slots back to ${action.owner.name}`;
    case "flush":
      await node.send("FLUSHALL");
      return "deletes keys of slots that it does not own";
    case "reset":
      await node.send("CLUSTER", "RESET", action.isHard ? "HARD" : "SOFT");
      return action.isHard ? "left the cluster" : "becomes an empty primary";
  }
}

async function move(action: Action & { kind: "move" }, performer: Performer): Promise<void> {
  const [from, to] = [endOf(action.node, performer), endOf(action.to, performer)];
  const ends = [action.node, action.to];
  // A move that was begun the classic way must be finished that way.
  const isBegun = ends.some((view) => selfOf(view).open.some(({ slot }) => action.slots.includes(slot)));
  if (isBegun || !ends.every(({ server }) => movesInOneStep(server)))
    await moveSlots(from, to, action.slots, performer.credentials);
  else if (action.to.server.name === "valkey") await migrateSlots(from, to, action.slots);
  else await importSlots(to, action.slots);
}

function endOf(view: NodeView, { nodeOf }: Performer): MoveEnd {
  return { node: nodeOf(view.name), id: selfOf(view).id, ip: view.ip, port: view.port };
}

function textOf(ranges: readonly SlotRange[]): string {
  const shown = ranges.slice(0, 4).map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  const rest = sizeOf(ranges.slice(4));
  return shown.join(", ") + (rest > 0 ? `, and ${rest} more` : "");
}
