import type { NodeView } from "./observation.ts";
import type { SlotMigration } from "./slot-migrations.ts";

/** A connection to a node on which commands are sent. */
export interface ClusterNode {
  /** `host:port` as configured. */
  readonly name: string;
  /**
   * Sends one command. Commands that are sent at once are carried out in this order.
   *
   * @throws {Error} when the connection fails or the node replies with an error.
   */
  send(...command: (string | Buffer)[]): Promise<unknown>;
  /** Asks for keys of a slot. A key need not be text. */
  keysIn(slot: number, limit: number): Promise<Buffer[]>;
  /** Asks for the moves of slots in one step that the node remembers. */
  slotMigrations(): Promise<SlotMigration[]>;
}

/** A node that can be observed. */
export interface ObservableNode extends ClusterNode {
  /**
   * Asks the node for its state, without its keys in single slots.
   *
   * @throws {Error} when the node does not reply in time, is still loading its data, or refuses the commands.
   */
  view(): Promise<Omit<NodeView, "keysInSlots">>;
}

/** User and password of a node; without a password the connection does not log in. */
export interface Credentials {
  username: string;
  password: string | undefined;
}
