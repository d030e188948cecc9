import { lookup } from "node:dns/promises";
import { createClient, RESP_TYPES } from "@redis/client";
import type { Credentials, ObservableNode } from "./cluster-node.ts";
import { parseClusterNodes } from "./cluster-nodes.ts";
import type { NodeView } from "./observation.ts";
import { migrationsCommand, parseServerVersion, type ServerVersion } from "./server-version.ts";
import { isUnderWay, parseSlotMigrations, type SlotMigration } from "./slot-migrations.ts";

/** Host name and port of a node. The host name stays when the pod gets a new address. */
export interface NodeAddress {
  host: string;
  port: number;
}

/** An address that no pod has any more refuses no connection. */
const connectTimeoutMs = 1_000;
/** Time for which a node may be silent when it is asked for its state. */
const viewTimeoutMs = 3_000;
/** Time for which a node may be silent at all: a large key takes long to move. */
const silenceMs = 120_000;

/** A connection to one node. It resolves the host name for each attempt, because a restarted pod has a new address. */
export class NodeConnection implements ObservableNode {
  readonly address: NodeAddress;
  readonly #credentials: Credentials;
  #client: ReturnType<typeof clientOf> | undefined;
  #connecting: Promise<ReturnType<typeof clientOf>> | undefined;
  #ip = "";
  #server: ServerVersion | undefined;

  constructor(address: NodeAddress, credentials: Credentials) {
    this.address = address;
    this.#credentials = credentials;
  }

  get name(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  async view(): Promise<Omit<NodeView, "keysInSlots">> {
    const timer = setTimeout(() => this.close(), viewTimeoutMs);
    try {
      return await this.#view();
    } finally {
      clearTimeout(timer);
    }
  }

  async #view(): Promise<Omit<NodeView, "keysInSlots">> {
    const server = await this.#serverVersion();
    // First of all: a move that ends later may change the table.
    const migrations = this.slotMigrations();
    const commands = [
      ["CLUSTER", "NODES"],
      ["CLUSTER", "INFO"],
      ["INFO", "replication", "memory", "stats"],
      ["DBSIZE"],
    ];
    const replies = commands.map((command) => this.send(...command));
    const [moves, table = "", info = "", state = "", keys] = await Promise.all([migrations, ...replies]);
    const bytesOf = (...names: string[]) => names.reduce((sum, name) => sum + numberIn(state, name), 0);
    const overheadBytes = bytesOf(
      "used_memory_startup",
      "mem_replication_backlog",
      "mem_clients_normal",
      "mem_clients_slaves",
      "mem_cluster_links",
      "mem_aof_buffer",
    );
    return {
      name: this.name,
      ip: this.#ip,
      port: this.address.port,
      server,
      migrations: moves.filter(isUnderWay),
      known: parseClusterNodes(table),
      stateOk: /^cluster_state:ok\r?$/m.test(info),
      replicates: /^master_link_status:up\r?$/m.test(state),
      copiesFrom: /^master_host:(\S+)/m.exec(state)?.[1],
      offset: numberIn(state, "slave_repl_offset"),
      keys: Number(keys),
      dataBytes: Math.max(0, bytesOf("used_memory") - overheadBytes),
      overheadBytes,
      maxBytes: bytesOf("maxmemory"),
      stats: {
        hits: numberIn(state, "keyspace_hits"),
        misses: numberIn(state, "keyspace_misses"),
        evictedKeys: numberIn(state, "evicted_keys"),
        sentOffset: numberIn(state, "master_repl_offset"),
      },
    };
  }

  /**
   * Sends one command and returns the reply as text. Connects first if necessary.
   *
   * @throws {Error} when the connection fails or the node replies with an error.
   */
  async send(...command: (string | Buffer)[]): Promise<string> {
    return String(await this.#use((client) => client.sendCommand(command)));
  }

  async keysIn(slot: number, limit: number): Promise<Buffer[]> {
    const command = ["CLUSTER", "GETKEYSINSLOT", String(slot), String(limit)];
    return await this.#use((client) =>
      client.sendCommand<Buffer[]>(command, { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }),
    );
  }

  async slotMigrations(): Promise<SlotMigration[]> {
    const command = migrationsCommand(await this.#serverVersion());
    if (command === undefined) return [];
    return parseSlotMigrations(await this.#use((client) => client.sendCommand(command)));
  }

  async #serverVersion(): Promise<ServerVersion> {
    this.#server ??= parseServerVersion(await this.send("INFO", "server"));
    return this.#server;
  }

  async #use<T>(act: (client: ReturnType<typeof clientOf>) => Promise<T>): Promise<T> {
    try {
      return await act(await this.#connected());
    } catch (error) {
      if (!this.#client?.isReady) this.close();
      throw error;
    }
  }

  /** Closes the connection. The next command opens a new one. */
  close(): void {
    const client = this.#client;
    this.#client = undefined;
    try {
      client?.destroy();
    } catch {
      // The connection was closed before.
    }
  }

  async #connected() {
    if (this.#client?.isReady) return this.#client;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect() {
    this.close();
    // CLUSTER MEET takes no host names, so the plan needs the address.
    const { address } = await lookup(this.address.host);
    const client = clientOf(address, this.address.port, this.#credentials);
    // The pending command gets the error as well. Without a listener the process would exit.
    client.on("error", () => undefined);
    this.#client = client;
    this.#ip = address;
    this.#server = undefined;
    await client.connect();
    return client;
  }
}

function clientOf(host: string, port: number, credentials: Credentials) {
  return createClient({
    ...credentials,
    // CLUSTER NODES and INFO are read as text.
    RESP: 2,
    disableOfflineQueue: true,
    // No user has the right to name its client.
    disableClientInfo: true,
    socket: {
      host,
      port,
      connectTimeout: connectTimeoutMs,
      socketTimeout: silenceMs,
      reconnectStrategy: false,
    },
  });
}

function numberIn(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
}
