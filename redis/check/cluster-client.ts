import { setTimeout as sleep } from "node:timers/promises";
import { parseClusterNodes } from "../cluster-nodes.ts";
import { NodeConnection } from "../node-connection.ts";
import { selfOf } from "../observation.ts";
import { reasonOf } from "../observe.ts";
import { slotCount, slotsIn } from "../slot-ranges.ts";

/** Where the cluster is, and how to log in. */
export interface ClientSettings {
  /** `host:port` of the nodes to begin with. */
  nodes: readonly string[];
  username: string;
  /** Passwords that may be right now, the likely one first; it is read again after a node refused one. */
  passwords: () => string[];
}

/** An operation that got no good response. `kind` is the error's first word, or `no response`, `no connection`, `no owner`. */
export class CheckError extends Error {
  readonly kind: string;

  constructor(kind: string, message = kind) {
    super(message);
    this.kind = kind;
  }
}

/** Time limit of one operation, with its redirections. */
const operationMs = 1_000;
const mostRedirections = 5;
/** Time limit for a node's view, and least time between two looks. */
const lookMs = 500;
const betweenLooksMs = 100;
const everyLookMs = 1_000;

/**
 * A client of a Redis Cluster that finds the owner of a slot as fast as the nodes know it. It asks all nodes each second and after
 * each error, and believes the owner with the highest epoch. So the time until a write succeeds is the cluster's, not the client's.
 */
export class ClusterClient {
  readonly #settings: ClientSettings;
  readonly #nodes = new Map<string, NodeConnection>();
  readonly #owners: (string | undefined)[] = Array(slotCount).fill(undefined);
  /** `evicted_keys` of each run of a server. */
  readonly #evictions = new Map<string, { first: number; last: number }>();
  /** The password of each node's connection. */
  readonly #passwords = new Map<string, string | undefined>();
  #lookedMs = 0;
  #looking: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    for (const name of settings.nodes) this.#nodeOf(name);
    this.#timer = setInterval(() => this.#suspect(), everyLookMs);
  }

  /** Waits until every slot has an owner. @throws {CheckError} when one has none in time */
  async ready(timeoutMs: number): Promise<void> {
    const untilMs = Date.now() + timeoutMs;
    for (;;) {
      await this.#look();
      const without = this.#owners.filter((owner) => owner === undefined).length;
      if (without === 0) return;
      if (Date.now() > untilMs) throw new CheckError("no owner", `${without} slots have no owner`);
      await sleep(betweenLooksMs);
    }
  }

  /** Names of all known nodes. */
  get nodes(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** Number of keys that the nodes have evicted since the client saw them first. */
  get evictedKeys(): number {
    return [...this.#evictions.values()].reduce((sum, { first, last }) => sum + last - first, 0);
  }

  /** The owner of a slot as far as it is known. */
  ownerOf(slot: number): string | undefined {
    return this.#owners[slot];
  }

  /** Slot of each key, by the server's own computation. @throws {Error} when the node fails */
  async slotsOf(keys: readonly string[]): Promise<number[]> {
    const node = this.#nodeOf(this.#owners[0] ?? this.nodes[0] ?? "");
    return Promise.all(keys.map(async (key) => Number(await node.send("CLUSTER", "KEYSLOT", key))));
  }

  /**
   * Sends a command to the owner of a slot and follows redirections.
   *
   * @param timeoutMs limit for all of it; large values need more than the default
   * @throws {CheckError} without a good response
   */
  async send(slot: number, command: string[], timeoutMs: number = operationMs): Promise<string> {
    const deadline = new AbortController();
    const used: { node?: NodeConnection } = {};
    const timer = setTimeout(() => deadline.abort(), timeoutMs);
    const late = new Promise<never>((_, reject) => {
      deadline.signal.addEventListener("abort", () => reject(new CheckError("no response")));
    });
    try {
      return await Promise.race([this.#follow(slot, command, used, deadline.signal), late]);
    } catch (error) {
      if (deadline.signal.aborted) used.node?.close();
      this.#suspect();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    for (const node of this.#nodes.values()) node.close();
  }

  async #follow(
    slot: number,
    command: string[],
    used: { node?: NodeConnection },
    signal: AbortSignal,
  ): Promise<string> {
    let owner = this.#owners[slot];
    let isAsking = false;
    for (let turn = 0; turn < mostRedirections && !signal.aborted; turn++) {
      if (owner === undefined) throw new CheckError("no owner");
      used.node = this.#nodeOf(owner);
      try {
        const asked = isAsking ? used.node.send("ASKING") : undefined;
        const [, reply] = await Promise.all([asked, used.node.send(...command)]);
        return reply;
      } catch (error) {
        const reason = reasonOf(error);
        const [, kind, target] = /^(MOVED|ASK) \d+ (\S+:\d+)$/.exec(reason) ?? [];
        if (target === undefined) throw this.#refusal(owner, used.node, reason);
        owner = target;
        isAsking = kind === "ASK";
        if (kind === "MOVED") this.#owners[slot] = target;
      }
    }
    throw new CheckError("too many redirections");
  }

  #refusal(owner: string, node: NodeConnection, reason: string): CheckError {
    const [word = ""] = reason.split(" ");
    if (word === "WRONGPASS" || word === "NOAUTH") this.#otherPassword(owner, node);
    return new CheckError(/^[A-Z]{2,}$/.test(word) ? word : "no connection", `${owner}: ${reason}`);
  }

  /** The next connection to the node logs in with the other password. Of several failures of a connection, the first counts. */
  #otherPassword(owner: string, refused: NodeConnection): void {
    if (this.#nodes.get(owner) !== refused) return;
    refused.close();
    const known = this.#settings.passwords();
    const place = known.indexOf(this.#passwords.get(owner) ?? "");
    this.#nodes.set(owner, this.#connect(owner, known[(place + 1) % known.length]));
  }

  #nodeOf(name: string): NodeConnection {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const node = this.#connect(name, this.#settings.passwords()[0]);
    this.#nodes.set(name, node);
    return node;
  }

  #connect(name: string, password: string | undefined): NodeConnection {
    const split = name.lastIndexOf(":");
    this.#passwords.set(name, password);
    const address = { host: name.slice(0, split), port: Number(name.slice(split + 1)) };
    return new NodeConnection(address, { username: this.#settings.username, password });
  }

  #suspect(): void {
    if (Date.now() - this.#lookedMs < betweenLooksMs) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
  }

  async #look(): Promise<void> {
    this.#lookedMs = Date.now();
    const epochs = new Int32Array(slotCount).fill(-1);
    await Promise.all(
      this.nodes.map(async (name) => {
        const node = this.#nodeOf(name);
        try {
          const [table, stats, server] = await this.#ask(node);
          this.#countEvictions(stats, server);
          const self = selfOf({ name, known: parseClusterNodes(table) });
          if (self.role !== "primary") return;
          for (const slot of slotsIn(self.slots)) {
            if (self.configEpoch <= (epochs[slot] ?? 0)) continue;
            epochs[slot] = self.configEpoch;
            this.#owners[slot] = name;
          }
        } catch (error) {
          const reason = reasonOf(error);
          if (/^(WRONGPASS|NOAUTH)/.test(reason)) this.#otherPassword(name, node);
        }
      }),
    );
  }

  /** A node that is cut off must not hold up the look at the others: closing a connection does not end an attempt to connect. */
  async #ask(node: NodeConnection): Promise<[string, string, string]> {
    const ended = new AbortController();
    const late = sleep(lookMs, undefined, { signal: ended.signal }).then(() => {
      node.close();
      throw new CheckError("no response");
    });
    const replies = Promise.all([
      node.send("CLUSTER", "NODES"),
      node.send("INFO", "stats"),
      node.send("INFO", "server"),
    ]);
    try {
      return await Promise.race([replies, late]);
    } finally {
      ended.abort();
      late.catch(() => {});
      replies.catch(() => {});
    }
  }

  #countEvictions(stats: string, server: string): void {
    const run = /^run_id:(\w+)/m.exec(server)?.[1] ?? "";
    const evicted = Number(/^evicted_keys:(\d+)/m.exec(stats)?.[1] ?? 0);
    const known = this.#evictions.get(run);
    if (known === undefined) this.#evictions.set(run, { first: evicted, last: evicted });
    else known.last = evicted;
  }
}
