import type { KnownNode } from "../cluster-nodes.ts";
import { rangesOf } from "../slot-ranges.ts";

/** What a simulated node knows of another. */
export interface Entry {
  ip: string;
  primaryId: string | undefined;
  epoch: number;
}

/** A move of slots in one step. Both nodes remember it until they restart. */
export interface SimulatedMigration {
  name: string;
  slots: number[];
  fromId: string;
  toId: string;
  state: "migrating" | "success" | "failed";
  /** Why it failed; "" otherwise. */
  message: string;
  /** How often nodes hear each other until it ends, when nobody waits for it. */
  roundsLeft: number;
}

/** Slots of the simulated cluster. */
export const simSlots = 40;

let ids = 0;

/** One simulated node: its own view of the cluster, which may be out of date, and its keys. */
export class SimulatedNode {
  readonly name: string;
  id = freshId();
  ip: string;
  isAlive = true;
  primaryId: string | undefined;
  copiesFrom: string | undefined;
  /** Primary whose last data a replica has, once that primary has stopped. */
  hasDataOf: string | undefined;
  /** Whether a replica still waits for the data of its primary. */
  isSyncing = false;
  configEpoch = 0;
  currentEpoch = 0;
  readonly table = new Map<string, Entry>();
  /** Until when it does not hear of a node that it forgot. */
  readonly banned = new Map<string, number>();
  owners: (string | undefined)[] = Array(simSlots).fill(undefined);
  readonly migrating = new Map<number, string>();
  readonly importing = new Map<number, string>();
  /** Moves of slots in one step that it remembers. */
  migrations: SimulatedMigration[] = [];
  /** Values by slot and key. */
  keys: Map<string, number>[] = Array.from({ length: simSlots }, () => new Map());

  constructor(name: string, ip: string) {
    this.name = name;
    this.ip = ip;
  }

  get ownSlots(): number[] {
    return this.slotsOf(this.id);
  }

  slotsOf(id: string): number[] {
    return this.owners.flatMap((owner, slot) => (owner === id ? [slot] : []));
  }

  epochOf(id: string): number {
    return id === this.id ? this.configEpoch : (this.table.get(id)?.epoch ?? 0);
  }

  /** Raises its epoch above all that it knows, unless it is the highest already. */
  bumpEpoch(): void {
    const others = [...this.table.values()].map(({ epoch }) => epoch);
    const highest = Math.max(this.currentEpoch, ...others);
    if (this.configEpoch > 0 && this.configEpoch === highest && !others.includes(highest)) return;
    this.currentEpoch = highest + 1;
    this.configEpoch = this.currentEpoch;
  }

  /** Takes the slots and the place of its primary. */
  replacePrimary(): void {
    const gone = this.primaryId;
    this.bumpEpoch();
    this.owners = this.owners.map((owner) => (owner === gone ? this.id : owner));
    this.primaryId = undefined;
    this.copiesFrom = undefined;
  }

  reset(isHard: boolean): void {
    if (this.primaryId !== undefined) this.flush();
    this.table.clear();
    this.banned.clear();
    this.migrating.clear();
    this.importing.clear();
    this.owners.fill(undefined);
    this.primaryId = undefined;
    this.copiesFrom = undefined;
    if (!isHard) return;
    this.id = freshId();
    this.configEpoch = 0;
    this.currentEpoch = 0;
  }

  flush(): void {
    this.keys = Array.from({ length: simSlots }, () => new Map());
  }

  copyKeysOf(primary: SimulatedNode): void {
    this.keys = primary.keys.map((keys) => new Map(keys));
  }

  /** The table as CLUSTER NODES shows it. @param isHealthy whether it reaches a node at an address */
  known(isHealthy: (id: string, ip: string) => boolean): KnownNode[] {
    const self: Entry = { ip: this.ip, primaryId: this.primaryId, epoch: this.configEpoch };
    return [[this.id, self] as const, ...this.table].map(([id, { ip, primaryId, epoch }]): KnownNode => {
      const isSelf = id === this.id;
      const isGood = isSelf || isHealthy(id, ip);
      const open = (direction: "migrating" | "importing", slots: Map<number, string>) =>
        isSelf ? [...slots].map(([slot, nodeId]) => ({ slot, direction, nodeId })) : [];
      return {
        id,
        ip,
        port: 6379,
        busPort: 16_379,
        isSelf,
        role: primaryId === undefined ? "primary" : "replica",
        isHealthy: isGood,
        inHandshake: false,
        primaryId,
        configEpoch: epoch,
        isLinked: isGood,
        slots: rangesOf(this.slotsOf(id)),
        open: [...open("migrating", this.migrating), ...open("importing", this.importing)],
      };
    });
  }
}

function freshId(): string {
  return `id-${String(ids++).padStart(6, "0")}`;
}
