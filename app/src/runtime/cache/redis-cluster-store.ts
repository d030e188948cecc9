import { createCluster, defineScript } from "@redis/client";
import slotOf from "cluster-key-slot";
import type { CacheConfig } from "../../config/config.ts";
import { type CacheStore, CacheUnavailable } from "./cache-store.ts";
import { withDeadline } from "./deadline.ts";

/** Replaces a value by another only if it is still there, in one step. */
const replaceIfSame = defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: `if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == "" then return redis.call("DEL", KEYS[1]) end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`,
  parseCommand(parser, key: string, expected: string, value: string, ttlMs: number) {
    parser.pushKey(key);
    parser.push(expected, value, String(ttlMs));
  },
  transformReply: (reply: unknown) => Number(reply),
});

type Cluster = ReturnType<typeof openCluster>;

export interface StoreLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
}

const slots = 16_384;
const connectTimeoutMs = 1_000;
const repairEveryMs = 250;
const repairAtMostEveryMs = 2_000;
/** Unanswered commands in a row after which a node is left alone until it answers a PING. */
const missesToSuspect = 3;

/**
 * Keeps values in a Redis Cluster.
 *
 * The client of `redis` follows MOVED, but not a primary that is gone and moves nobody. So while slots are without a
 * node that answers, a new client is made every now and then from the configured nodes, and takes over as soon as it
 * reaches more. Until then commands for those slots fail at once, and the others work.
 */
export class RedisClusterStore implements CacheStore {
  readonly #config: CacheConfig;
  readonly #log: StoreLog;
  #cluster: Cluster | undefined;
  /** Commands in a row without an answer, by node address. */
  readonly #misses = new Map<string, number>();
  #repairing = false;
  #closed = false;
  #lastError = "";
  #wasComplete: boolean | undefined;

  constructor(config: CacheConfig, log: StoreLog) {
    this.#config = config;
    this.#log = log;
  }

  /** Begins to connect, and keeps trying; resolves after the first attempt. */
  async start(): Promise<void> {
    if (this.#config.nodes.length === 0) return;
    await this.#tryOther();
    this.#repairSoon();
  }

  get(key: string): Promise<string | null> {
    return this.#run(key, (cluster) => cluster.get(key));
  }

  claim(key: string, value: string, ttlMs: number): Promise<string | null> {
    const options = { condition: "NX", GET: true, expiration: { type: "PX", value: ttlMs } } as const;
    return this.#run(key, (cluster) => cluster.set(key, value, options));
  }

  async replace(key: string, expected: string, value: string | undefined, ttlMs: number): Promise<void> {
    await this.#run(key, (cluster) => cluster.replaceIfSame(key, expected, value ?? "", ttlMs));
  }

  async delete(key: string): Promise<void> {
    await this.#run(key, (cluster) => cluster.del(key));
  }

  close(): void {
    this.#closed = true;
    if (this.#cluster) closeCluster(this.#cluster);
    this.#cluster = undefined;
  }

  async #run<T>(key: string, command: (cluster: Cluster) => Promise<T>): Promise<T> {
    const cluster = this.#cluster;
    const node = cluster?.slots[slotOf(key)]?.master;
    if (!cluster || !node || !this.#answers(node)) {
      this.#repairSoon();
      throw new CacheUnavailable(node ? `${node.address} is away` : "no node serves this key");
    }
    try {
      const answer = await withDeadline(command(cluster), this.#config.timeoutMs);
      if (this.#misses.size > 0) this.#misses.delete(node.address);
      return answer;
    } catch (error) {
      this.#lastError = messageOf(error);
      if (error instanceof CacheUnavailable) {
        this.#misses.set(node.address, (this.#misses.get(node.address) ?? 0) + 1);
      }
      this.#repairSoon();
      throw error;
    }
  }

  #answers(node: Cluster["masters"][number]): boolean {
    // A client is made at the first command after the cluster client learnt of a new node: that is no reason to wait.
    if (node.client && !node.client.isReady) return false;
    return (this.#misses.get(node.address) ?? 0) < missesToSuspect;
  }

  /** Slots whose primary answers, as far as is known. */
  #covered(cluster: Cluster | undefined): number {
    let covered = 0;
    for (const shard of cluster?.slots ?? []) if (shard && this.#answers(shard.master)) covered++;
    return covered;
  }

  #repairSoon(): void {
    if (this.#repairing || this.#closed || this.#config.nodes.length === 0) return;
    this.#repairing = true;
    void this.#repair().finally(() => {
      this.#repairing = false;
    });
  }

  async #repair(): Promise<void> {
    for (let pauseMs = repairEveryMs; !this.#closed; pauseMs = Math.min(pauseMs * 1.5, repairAtMostEveryMs)) {
      await this.#pingSuspects();
      const complete = this.#covered(this.#cluster) === slots;
      this.#tell(complete);
      if (complete) return;
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
      if (!this.#closed) await this.#tryOther();
    }
  }

  async #pingSuspects(): Promise<void> {
    const suspects = (this.#cluster?.masters ?? []).filter(
      (node) => (this.#misses.get(node.address) ?? 0) > 0,
    );
    await Promise.all(
      suspects.map(async (node) => {
        if (!node.client?.isReady) return;
        const answered = await withDeadline(node.client.ping(), this.#config.timeoutMs).catch(
          () => undefined,
        );
        if (answered !== undefined) this.#misses.delete(node.address);
      }),
    );
  }

  /** Makes another client, and keeps the one that reaches more. */
  async #tryOther(): Promise<void> {
    const other = openCluster(this.#config);
    other.on("error", (error: Error) => {
      this.#lastError = messageOf(error);
    });
    other.on("node-error", (error: Error) => {
      this.#lastError = messageOf(error);
      if (other === this.#cluster) this.#repairSoon();
    });
    const connecting = other.connect();
    try {
      await withDeadline(connecting, connectTimeoutMs);
      await Promise.allSettled(
        other.masters.map((node) => withDeadline(other.nodeClient(node), connectTimeoutMs)),
      );
    } catch (error) {
      this.#lastError = messageOf(error);
    }
    const loser =
      this.#closed || this.#covered(other) <= this.#covered(this.#cluster) ? other : this.#cluster;
    if (loser !== other) {
      this.#cluster = other;
      this.#misses.clear();
    }
    if (loser) closeCluster(loser);
    // Discovery that ends later than the time limit would open connections again.
    connecting.finally(() => loser === other && closeCluster(other)).catch(() => undefined);
  }

  #tell(complete: boolean): void {
    if (complete === this.#wasComplete) return;
    this.#wasComplete = complete;
    const facts = {
      servedSlots: this.#covered(this.#cluster),
      primaries: this.#cluster?.masters.length ?? 0,
    };
    if (complete) this.#log.info(facts, "cache connected");
    else this.#log.warn({ ...facts, reason: this.#lastError }, "cache incomplete: reads go to the database");
  }
}

function openCluster(config: CacheConfig) {
  return createCluster({
    rootNodes: config.nodes.map((node) => ({ socket: node })),
    defaults: {
      username: config.username,
      password: config.password,
      // A command for a node that is away fails at once instead of waiting for it.
      disableOfflineQueue: true,
      pingInterval: 1_000,
      socket: {
        connectTimeout: connectTimeoutMs,
        socketTimeout: 5_000,
        reconnectStrategy: (retries: number) => Math.min(50 * 2 ** retries, 1_000),
      },
    },
    // Discovery that connects to every primary at once would wait for one that is gone.
    minimizeConnections: true,
    scripts: { replaceIfSame },
  });
}

function closeCluster(cluster: Cluster): void {
  try {
    cluster.destroy();
  } catch {
    // A client that was closed already.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
