import type { Log } from "../log.ts";
import { withDeadline } from "./deadline.ts";
import {
  destroy,
  messageOf,
  type RedisClient,
  type RedisClients,
  type RedisLink,
  type RedisNode,
  renewEveryMs,
} from "./redis-link.ts";

/** The connection to a single Redis. It is renewed when it breaks. */
export class RedisSingleLink implements RedisLink {
  readonly #clients: RedisClients;
  readonly #log: Log;
  #client: RedisClient | undefined;
  #masters: readonly RedisNode[] = [];
  #loggedState: "connected" | "away" | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(clients: RedisClients, log: Log) {
    this.#clients = clients;
    this.#log = log;
    this.#open();
  }

  get commands(): RedisClient | undefined {
    return this.#client;
  }

  get masters(): readonly RedisNode[] {
    return this.#masters;
  }

  async start(): Promise<void> {
    const connecting = this.#client?.connect();
    if (connecting === undefined) return;
    connecting.catch((error: unknown) => this.#logState("away", messageOf(error)));
    await withDeadline(connecting, this.#clients.config.connectTimeoutMs).catch(() => undefined);
  }

  nodeOf(): RedisNode | undefined {
    return this.#masters[0];
  }

  async clientOf(): Promise<RedisClient> {
    if (!this.#client?.isReady) throw new Error("not connected");
    return this.#client;
  }

  noticeFailure(): void {
    // The client notices by itself.
  }

  /** After a failover the address may lead to another server; a new connection finds it. */
  renew(error: unknown): void {
    const old = this.#client;
    if (old === undefined || performance.now() - this.#renewedAt < renewEveryMs) return;
    this.#renewedAt = performance.now();
    this.#logState("away", messageOf(error));
    this.#open();
    destroy(old);
    void this.start();
  }

  close(): void {
    if (this.#client) destroy(this.#client);
    this.#client = undefined;
  }

  #open(): void {
    const [node] = this.#clients.config.nodes;
    if (!node) return;
    const client = this.#clients.client(node, true);
    this.#client = client;
    this.#masters = [{ ...node, address: `${node.host}:${node.port}`, client }];
    client.on("error", (error: unknown) => {
      if (client === this.#client) this.#logState("away", messageOf(error));
    });
    client.on("ready", () => {
      if (client === this.#client) this.#logState("connected");
    });
  }

  #logState(state: "connected" | "away", reason?: string): void {
    if (state === this.#loggedState) return;
    this.#loggedState = state;
    if (state === "connected") this.#log.info({}, "cache connected");
    else this.#log.warn({ reason }, "cache away: reads go to the database");
  }
}
