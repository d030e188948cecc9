import type { NodeView } from "./observation.ts";
import type { SlotRange } from "./slot-ranges.ts";

/** A change of the cluster that one or two nodes carry out. */
export type Action =
  | { kind: "number"; node: NodeView; epoch: number }
  | { kind: "meet"; node: NodeView; other: NodeView }
  | { kind: "take-over"; node: NodeView; goneId: string }
  | { kind: "hand-over"; node: NodeView }
  | { kind: "forget"; node: NodeView; goneId: string }
  /** Gives a node slots that have no owner. `busy`: those that it still believes to be another's. `isContested`: others do. */
  | { kind: "assign"; node: NodeView; ranges: SlotRange[]; busy: SlotRange[]; isContested: boolean }
  | { kind: "replicate"; node: NodeView; primary: NodeView }
  /** Moves slots with their keys from a node to another; also finishes a move that was interrupted. */
  | { kind: "move"; node: NodeView; to: NodeView; slots: number[] }
  /** Ends the open state of slots on a node. */
  | { kind: "close"; node: NodeView; slots: number[] }
  /** Moves keys back to the owner of the slots, then ends the open state. */
  | { kind: "give-back"; node: NodeView; owner: NodeView; slots: number[] }
  /** Deletes keys that no client is sent to. */
  | { kind: "flush"; node: NodeView }
  /** Makes a node leave, or a replica an empty primary. `isHard`: under a new id, for a node that leaves. */
  | { kind: "reset"; node: NodeView; isHard: boolean };

/** What is left to move. */
export interface MovesLeft {
  slots: number;
  /** Estimate from the memory of the sources. */
  bytes: number;
}

/** The next step: actions that do not depend on each other unless their order says so, a state to wait for, or nothing to do. */
export type Plan = { actions: Action[]; left?: MovesLeft } | { waitFor: string } | "settled";

/** The wanted cluster cannot be reached from the present state. */
export class TopologyRefused extends Error {
  override name = "TopologyRefused";
}
