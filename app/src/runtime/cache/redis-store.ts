import { ErrorReply } from "@redis/client";
import type { CacheConfig } from "../../config/config.ts";
import type { Log } from "../log.ts";
import { type CacheStore, CacheUnavailable, type Claim, ClearIncomplete, type Feed } from "./cache-store.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { withDeadline } from "./deadline.ts";
import { InvalidationFeeds } from "./invalidation-feeds.ts";
import { RedisClusterLink } from "./redis-cluster-link.ts";
import { RedisClients, type RedisCommands, type RedisLink, type RedisNode } from "./redis-link.ts";
import { RedisSingleLink } from "./redis-single-link.ts";
import { indexesBySlot, scanClear } from "./scan-clear.ts";

const followEveryMs = 250;
const leaseMark = "!";
/**
 * Error replies of a node that lost its role, its data or its cluster, or that is moving a slot. Another node may publish
 * the invalidations of its keys, and another address may be the primary's by now.
 */
const wrongState = /^-?(CLUSTERDOWN|READONLY|LOADING|TRYAGAIN|MASTERDOWN)\b/;

/**
 * Stores values in a Redis Cluster or a single Redis. If a node did not answer several times in a row, its commands fail
 * at once until it answers a PING, which is sent after each pause of its circuit breaker.
 */
export class RedisStore implements CacheStore {
  readonly #config: CacheConfig;
  readonly #link: RedisLink;
  readonly #feeds: InvalidationFeeds;
  readonly #channel: string;
  readonly #breakers = new Map<string, CircuitBreaker>();
  #followTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(config: CacheConfig, log: Log) {
    this.#config = config;
    const clients = new RedisClients(config);
    const isSuspect = ({ address }: RedisNode) => this.#breakers.get(address)?.isClosed === false;
    // All nodes have just answered.
    const onRenewed = () => this.#breakers.clear();
    this.#link =
      config.mode === "single"
        ? new RedisSingleLink(clients, log)
        : new RedisClusterLink(clients, log, isSuspect, onRenewed);
    this.#channel = `${config.prefix}invalidations`;
    this.#feeds = new InvalidationFeeds(clients, this.#channel);
  }

  /** Numbers of known primaries, of those that get no commands, and of those whose invalidations are received. */
  get stats() {
    let breakersOpen = 0;
    for (const breaker of this.#breakers.values()) if (!breaker.isClosed) breakersOpen++;
    return { nodes: this.#link.masters.length, breakersOpen, feedsLive: this.#feeds.live };
  }

  /** Starts to connect, and keeps trying. Resolves after the first attempt. Never rejects. */
  async start(): Promise<void> {
    if (this.#config.nodes.length === 0) return;
    await this.#link.start();
    if (this.#closed) return;
    const follow = () => this.#feeds.follow(this.#link.masters);
    follow();
    // No event reports a change of the primaries.
    this.#followTimer = setInterval(follow, followEveryMs).unref();
  }

  get(key: string): Promise<string | null> {
    return this.#run(key, (redis) => redis.get(key));
  }

  async getMany(keys: readonly string[]): Promise<(string | null | undefined)[]> {
    const texts: (string | null | undefined)[] = new Array(keys.length).fill(undefined);
    const getSlot = async (indexes: number[]) => {
      const slotKeys = indexes.map((index) => keys[index] as string);
      const replies = await this.#run(slotKeys[0] as string, (redis) => redis.mGet(slotKeys));
      indexes.forEach((index, position) => {
        texts[index] = replies[position] ?? null;
      });
    };
    // The keys of an MGET must be in one slot; all commands for a node are sent together.
    await Promise.allSettled([...indexesBySlot(keys).values()].map(getSlot));
    return texts;
  }

  async claim(key: string, seen: string, token: string, leaseMs: number): Promise<Claim> {
    const lease = key + leaseMark;
    const [kind, text = ""] = await this.#run(key, (redis) =>
      redis.claimEntry(key, lease, seen, token, leaseMs),
    );
    if (kind === "text") return { text };
    return kind === "claimed" ? { claimed: true } : { heldBy: text };
  }

  fill(key: string, token: string, text: string | undefined, ttlMs: number): Promise<boolean> {
    return this.#run(key, (redis) => redis.fillEntry(key, key + leaseMark, token, text ?? "", ttlMs));
  }

  async release(key: string, token: string): Promise<void> {
    await this.#run(key, (redis) => redis.releaseLease(key + leaseMark, token));
  }

  async put(key: string, text: string, ttlMs: number, message: string): Promise<void> {
    await this.#run(key, (redis) =>
      redis.writeEntry(key, key + leaseMark, this.#channel, message, text, ttlMs),
    );
  }

  async delete(key: string, message: string): Promise<void> {
    await this.#run(key, (redis) => redis.writeEntry(key, key + leaseMark, this.#channel, message));
  }

  async clear(glob: string, message: string): Promise<number> {
    let cleared = 0;
    let incomplete: unknown;
    try {
      cleared = await scanClear(this.#link, glob, (key) => key.endsWith(leaseMark));
    } catch (error) {
      incomplete = error;
    }
    const published = await Promise.allSettled(
      this.#link.masters.map(async (node) => {
        const client = await withDeadline(this.#link.clientOf(node), this.#config.timeoutMs);
        await withDeadline(client.publish(this.#channel, message), this.#config.timeoutMs);
      }),
    );
    if (incomplete) throw incomplete;
    if (published.every(({ status }) => status === "rejected"))
      throw new ClearIncomplete(cleared, ["the message to the other processes could not be published"]);
    return cleared;
  }

  feedOf(key: string): Feed {
    return this.#feeds.feedOf(this.#link.nodeOf(key));
  }

  listen(listener: (message: string) => void): void {
    this.#feeds.listen(listener);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#followTimer);
    this.#feeds.close();
    this.#link.close();
  }

  async #run<T>(key: string, command: (redis: RedisCommands) => Promise<T>): Promise<T> {
    const redis = this.#link.commands;
    const node = this.#link.nodeOf(key);
    // A new node gets its client at the first command: a missing client is no failure.
    if (!redis || !node || node.client?.isReady === false) {
      this.#link.noticeFailure();
      throw new CacheUnavailable(node ? `${node.address} is not connected` : "no node serves this key");
    }
    const breaker = this.#breakerOf(node);
    if (!breaker.isClosed) throw new CacheUnavailable(`${node.address} does not answer`);
    try {
      const reply = await withDeadline(command(redis), this.#config.timeoutMs);
      breaker.succeeded();
      return reply;
    } catch (error) {
      // An error reply still proves that the node is alive.
      if (!(error instanceof ErrorReply)) {
        if (breaker.failed()) this.#tryLater(node, breaker);
        this.#link.noticeFailure(error);
      } else if (wrongState.test(error.message)) {
        this.#feeds.distrust(node);
        this.#link.renew(error);
      }
      throw error;
    }
  }

  #breakerOf({ address }: RedisNode): CircuitBreaker {
    let breaker = this.#breakers.get(address);
    if (!breaker) {
      breaker = new CircuitBreaker(this.#config.breaker);
      this.#breakers.set(address, breaker);
    }
    return breaker;
  }

  #tryLater(node: RedisNode, breaker: CircuitBreaker): void {
    setTimeout(() => void this.#try(node, breaker), this.#config.breaker.pauseMs + 1).unref();
  }

  async #try(node: RedisNode, breaker: CircuitBreaker): Promise<void> {
    if (this.#closed || this.#breakers.get(node.address) !== breaker || breaker.isClosed) return;
    if (!this.#link.masters.some(({ address }) => address === node.address)) {
      this.#breakers.delete(node.address);
      return;
    }
    if (breaker.takeTrial()) {
      try {
        const client = await withDeadline(this.#link.clientOf(node), this.#config.timeoutMs);
        await withDeadline(client.ping(), this.#config.timeoutMs);
        breaker.succeeded();
        return;
      } catch {
        breaker.failed();
      }
    }
    this.#tryLater(node, breaker);
  }
}
