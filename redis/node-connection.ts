import { lookup } from "node:dns/promises";
import { createClient } from "@redis/client";
import { parseClusterNodes } from "./cluster-nodes.ts";
import type { NodeView } from "./formation-plan.ts";

/** Host name and port of a node. The host name stays when the pod gets a new address. */
export interface NodeAddress {
  host: string;
  port: number;
}

/** User and password of a node; without a password the connection does not log in. */
export interface Credentials {
  username: string;
  password: string | undefined;
}

const timeoutMs = 2_000;

/** A connection to one node. It resolves the host name for each attempt, because a restarted pod has a new address. */
export class NodeConnection {
  readonly address: NodeAddress;
  readonly #credentials: Credentials;
  #client: ReturnType<typeof clientOf> | undefined;
  #connecting: Promise<ReturnType<typeof clientOf>> | undefined;
  #ip = "";

  constructor(address: NodeAddress, credentials: Credentials) {
    this.address = address;
    this.#credentials = credentials;
  }

  get name(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  /**
   * Asks the node for its state.
   *
   * @throws {Error} when the node does not reply in time, is still loading its data, or refuses the commands.
   */
  async view(): Promise<NodeView> {
    const [table, info, replication] = await Promise.all([
      this.send("CLUSTER", "NODES"),
      this.send("CLUSTER", "INFO"),
      this.send("INFO", "replication"),
    ]);
    return {
      name: this.name,
      ip: this.#ip,
      port: this.address.port,
      known: parseClusterNodes(table),
      stateOk: /^cluster_state:ok\r?$/m.test(info),
      replicates: /^master_link_status:up\r?$/m.test(replication),
      copiesFrom: /^master_host:(\S+)/m.exec(replication)?.[1],
    };
  }

  /**
   * Sends one command and returns the reply as text. Connects first if necessary.
   *
   * @throws {Error} when the connection fails or the node replies with an error.
   */
  async send(...command: string[]): Promise<string> {
    try {
      const client = await this.#connected();
      return String(await client.sendCommand(command));
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
    socket: {
      host,
      port,
      connectTimeout: timeoutMs,
      socketTimeout: timeoutMs * 5,
      reconnectStrategy: false,
    },
  });
}
