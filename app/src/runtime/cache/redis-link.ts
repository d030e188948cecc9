import { createClient, createCluster } from "@redis/client";
import type { CacheConfig } from "../../config/config.ts";
import { redisScripts } from "./redis-scripts.ts";

export interface StoreLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

export type RedisCluster = ReturnType<typeof newCluster>;
export type RedisClient = ReturnType<typeof newClient>;
/** Takes commands: a cluster's go to the node that has the key. */
export type RedisCommands = RedisCluster | RedisClient;

/** A node that takes writes. Its client is made when it is first needed. */
export interface RedisNode {
  /** host:port */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly client?: Pick<RedisClient, "isReady" | "ping">;
}

/** The connections to the nodes that keep values: of a cluster, or to the one Redis. */
export interface RedisLink {
  /** Begins to connect, and keeps trying; resolves after the first attempt. Never rejects. */
  start(): Promise<void>;
  /** Undefined: not connected. */
  readonly commands: RedisCommands | undefined;
  readonly masters: readonly RedisNode[];
  nodeOf(key: string): RedisNode | undefined;
  /** The client for commands to one node. @throws when it cannot be reached */
  clientOf(node: RedisNode): Promise<RedisClient>;
  /** To be told when a node did not do what it was asked. */
  noticeFailure(error?: unknown): void;
  close(): void;
}

const socketTimeoutMs = 5_000;
const pingEveryMs = 1_000;
const firstRetryMs = 50;
const longestRetryMs = 1_000;

/** Before the next attempt to connect: doubled from attempt to attempt, with a jitter so that pods do not come together. */
export function retryDelayMs(retries: number, random: () => number = Math.random): number {
  return Math.min(firstRetryMs * 2 ** Math.min(retries, 16), longestRetryMs) * (0.5 + random() / 2);
}

/**
 * Makes clients. The first of a kind costs milliseconds, since its class is put together from all commands; the others are
 * duplicates of it.
 */
export class RedisClients {
  readonly config: CacheConfig;
  #cluster: RedisCluster | undefined;
  #client: RedisClient | undefined;

  constructor(config: CacheConfig) {
    this.config = config;
  }

  /** A client of the whole cluster. */
  cluster(): RedisCluster {
    this.#cluster ??= newCluster(this.config);
    return this.#cluster.duplicate();
  }

  /** A client of one node. Unless `reconnects`, it is to be given up when its connection breaks. */
  client(node: { host: string; port: number }, reconnects: boolean): RedisClient {
    this.#client ??= newClient(this.config);
    const { host, port } = node;
    const socket = { ...socketOptions(this.config), host, port };
    return this.#client.duplicate({
      socket: reconnects ? socket : { ...socket, reconnectStrategy: false },
    });
  }
}

function socketOptions(config: CacheConfig) {
  return {
    connectTimeout: config.connectTimeoutMs,
    socketTimeout: socketTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: config.keepAliveMs,
    noDelay: true,
    reconnectStrategy: (retries: number) => retryDelayMs(retries),
  };
}

function clientOptions(config: CacheConfig) {
  return {
    username: config.username,
    password: config.password,
    // A command for a node that is away fails at once instead of waiting for it.
    disableOfflineQueue: true,
    pingInterval: pingEveryMs,
  };
}

function newCluster(config: CacheConfig) {
  return createCluster({
    rootNodes: config.nodes.map((node) => ({ socket: node })),
    defaults: { ...clientOptions(config), socket: socketOptions(config) },
    // Discovery that connects to every primary at once would wait for one that is gone.
    minimizeConnections: true,
    scripts: redisScripts,
  });
}

function newClient(config: CacheConfig) {
  const database = config.mode === "single" ? { database: config.database } : {};
  return createClient({ ...clientOptions(config), ...database, scripts: redisScripts });
}

/** Ends a client, even one that was closed already. */
export function destroy(client: { destroy(): void }): void {
  try {
    client.destroy();
  } catch {
    // Closed already.
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
