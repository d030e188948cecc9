import { lookup } from "node:dns/promises";
import { createClient } from "@redis/client";
import { parseClusterNodes } from "./cluster-nodes.ts";
import type { NodeView } from "./formation-plan.ts";

export interface NodeAddress {
  host: string;
  port: number;
}

export interface Credentials {
  username: string;
  password: string | undefined;
}

const timeoutMs = 2_000;

/** One node, found by name for every connection: after a restart the name leads to another address. */
export class NodeConnection {
  readonly address: NodeAddress;
  readonly #credentials: Credentials;
  #client: ReturnType<typeof clientOf> | undefined;
  #ip = "";

  constructor(address: NodeAddress, credentials: Credentials) {
    this.address = address;
    this.#credentials = credentials;
  }

  get name(): string {
    return `${this.address.host}:${this.address.port}`;
  }

  /** @throws when the node does not answer in time, is still loading, or refuses. */
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

  /** @throws the node's error, or one of the connection. */
  async send(...command: string[]): Promise<string> {
    try {
      const client = await this.#connected();
      return String(await client.sendCommand(command));
    } catch (error) {
      if (!this.#client?.isReady) this.close();
      throw error;
    }
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    try {
      client?.destroy();
    } catch {
      // It was closed already.
    }
  }

  #connecting: Promise<ReturnType<typeof clientOf>> | undefined;

  async #connected() {
    if (this.#client?.isReady) return this.#client;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect() {
    this.close();
    // CLUSTER MEET takes no names, so this has to know the address that the name led to.
    const { address } = await lookup(this.address.host, { family: 4 });
    const client = clientOf(address, this.address.port, this.#credentials);
    // The command that waits for an answer is told; without a listener the process would end.
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
