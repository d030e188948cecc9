import type { Log } from "../log.ts";
import { withDeadline } from "./deadline.ts";
import {
  destroy,
  messageOf,
  type RedisClient,
  type RedisClients,
  type RedisLink,
  type RedisNode,
} from "./redis-link.ts";

/** The connection to a single Redis. It is renewed when it breaks. */
export class RedisSingleLink implements RedisLink {
  readonly #log: Log;
  readonly #connectTimeoutMs: number;
  readonly #client: RedisClient | undefined;
  readonly masters: readonly RedisNode[];
  #loggedState: "connected" | "away" | undefined;

  constructor(clients: RedisClients, log: Log) {
    this.#log = log;
    this.#connectTimeoutMs = clients.config.connectTimeoutMs;
    const [node] = clients.config.nodes;
    if (!node) {
      this.masters = [];
      return;
    }
    const client = clients.client(node, true);
    this.#client = client;
    this.masters = [{ ...node, address: `${node.host}:${node.port}`, client }];
    client.on("error", (error: unknown) => this.#logState("away", messageOf(error)));
    client.on("ready", () => this.#logState("connected"));
  }

  get commands(): RedisClient | undefined {
    return this.#client;
  }

  async start(): Promise<void> {
    if (!this.#client) return;
    const connecting = this.#client.connect();
    connecting.catch((error: unknown) => this.#logState("away", messageOf(error)));
    await withDeadline(connecting, this.#connectTimeoutMs).catch(() => undefined);
  }

  nodeOf(): RedisNode | undefined {
    return this.masters[0];
  }

  async clientOf(): Promise<RedisClient> {
    if (!this.#client?.isReady) throw new Error("not connected");
    return this.#client;
  }

  noticeFailure(): void {
    // The client notices by itself.
  }

  close(): void {
    if (this.#client) destroy(this.#client);
  }

  #logState(state: "connected" | "away", reason?: string): void {
    if (state === this.#loggedState) return;
    this.#loggedState = state;
    if (state === "connected") this.#log.info({}, "cache connected");
    else this.#log.warn({ reason }, "cache away: reads go to the database");
  }
}
