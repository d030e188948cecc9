import { createClient, createCluster } from "@redis/client";
import type { CacheConfig } from "../../config/config.ts";
import { addressMemory } from "../process/address-memory.ts";
import { redisScripts } from "./redis-scripts.ts";

export type RedisCluster = ReturnType<typeof newCluster>;
export type RedisClient = ReturnType<typeof newClient>;
/** Sends commands; in a cluster, to the node that has the key. */
export type RedisCommands = RedisCluster | RedisClient;

/** A primary. Its client is created on demand. */
export interface RedisNode {
  /** host:port */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly client?: Pick<RedisClient, "isReady" | "ping">;
}

/** The connections to a Redis Cluster or to a single Redis. */
export interface RedisLink {
  /** Starts to connect, and keeps trying. Resolves after the first attempt. Never rejects. */
  start(): Promise<void>;
  /** Undefined while not connected. */
  readonly commands: RedisCommands | undefined;
  readonly masters: readonly RedisNode[];
  nodeOf(key: string): RedisNode | undefined;
  /** The client of one node. @throws {Error} when the node is not reachable. */
  clientOf(node: RedisNode): Promise<RedisClient>;
  /** Call it when a command failed. */
  noticeFailure(error?: unknown): void;
  /** Replaces the connections, at most every two seconds. Call it when a node is not in the state to serve its keys. */
  renew(error: unknown): void;
  close(): void;
}

const socketTimeoutMs = 5_000;
const pingEveryMs = 1_000;
const firstRetryMs = 50;
const maxRetryMs = 1_000;
/** Creating a client costs milliseconds, and a node may be in the wrong state for long. */
export const renewEveryMs = 2_000;

/** Delay before the next attempt to connect: doubles with each attempt, with jitter so that pods do not connect together. */
export function retryDelayMs(retries: number, random: () => number = Math.random): number {
  return Math.min(firstRetryMs * 2 ** Math.min(retries, 16), maxRetryMs) * (0.5 + random() / 2);
}

/**
 * Creates clients. The first one of a kind takes milliseconds, because its class is built from all commands; the others
 * are duplicates of it (docs/decisions.md#redis-client-duplicates).
 */
export class RedisClients {
  readonly config: CacheConfig;
  #cluster: RedisCluster | undefined;
  #client: RedisClient | undefined;

  constructor(config: CacheConfig) {
    this.config = config;
  }

  /** Creates a client of the whole cluster. */
  cluster(): RedisCluster {
    this.#cluster ??= newCluster(this.config);
    return this.#cluster.duplicate();
  }

  /** Creates a client of one node. Unless `reconnects` is set, the client is unusable once its connection breaks. */
  client(node: { host: string; port: number }, reconnects: boolean): RedisClient {
    this.#client ??= newClient(this.config);
    const { host, port } = node;
    const socket = { ...socketOptions(this.config), host, port };
    return this.#client.duplicate({ socket: reconnects ? socket : { ...socket, reconnectStrategy: false } });
  }
}

function socketOptions(config: CacheConfig) {
  return {
    connectTimeout: config.connectTimeoutMs,
    socketTimeout: socketTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: config.keepAliveMs,
    noDelay: true,
    lookup: addressMemory.lookup,
    reconnectStrategy: (retries: number) => retryDelayMs(retries),
  };
}

/** Every command has a deadline of its caller. The client's own would cost a timer for each command. */
const commandOptions = { timeout: undefined };

function clientOptions(config: CacheConfig) {
  return {
    RESP: 2 as const,
    commandOptions,
    username: config.username,
    password: config.password,
    // A command for an unreachable node fails at once instead of waiting.
    disableOfflineQueue: true,
    // The user of the stack has no right to name its client.
    disableClientInfo: true,
    pingInterval: pingEveryMs,
  };
}

function newCluster(config: CacheConfig) {
  return createCluster({
    rootNodes: config.nodes.map((node) => ({ socket: node })),
    RESP: 2,
    commandOptions,
    defaults: { ...clientOptions(config), socket: socketOptions(config) },
    // RedisClusterLink replaces the whole client sooner than this would find the new nodes.
    topologyRefreshOnReconnectionAttemptStrategy: false,
    // Otherwise discovery connects to every primary, and waits for one that is gone.
    minimizeConnections: true,
    scripts: redisScripts,
  });
}

function newClient(config: CacheConfig) {
  const database = config.mode === "single" ? { database: config.database } : {};
  return createClient({ ...clientOptions(config), ...database, scripts: redisScripts });
}

/** Destroys a client; does nothing if it is closed. */
export function destroy(client: { destroy(): void }): void {
  try {
    client.destroy();
  } catch {
    // The client is closed.
  }
}

/** The message of a thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
