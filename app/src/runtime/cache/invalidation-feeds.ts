import { deadFeed, type Feed } from "./cache-store.ts";
import { withDeadline } from "./deadline.ts";
import { destroy, type RedisClients, type RedisNode, retryDelayMs } from "./redis-link.ts";

const pingEveryMs = 500;
const pingTimeoutMs = 1_000;
/** Pause before a new subscription to a node in the wrong state, which may stay in it for long. */
const distrustMs = 500;
/** Time from a PING for which its answer vouches for the feed: longer than a silent node is tolerated, with reserve. */
const trustMs = 2 * (pingEveryMs + pingTimeoutMs);

/** A subscription to one node. It is renewed when it breaks. See docs/decisions.md#cache-invalidation. */
class NodeFeed implements Feed {
  readonly #clients: RedisClients;
  readonly #node: { host: string; port: number };
  readonly #channel: string;
  readonly #listener: (message: string) => void;
  readonly #stop = new AbortController();
  /** Aborts when the present subscription is broken. */
  #broken: AbortController | undefined;
  #isDistrusted = false;
  isLive = false;
  epoch = 0;
  trustedUntil = 0;

  constructor(
    clients: RedisClients,
    node: { host: string; port: number },
    channel: string,
    listener: (message: string) => void,
  ) {
    this.#clients = clients;
    this.#node = { host: node.host, port: node.port };
    this.#channel = channel;
    this.#listener = listener;
    void this.#keepSubscribed();
  }

  close(): void {
    this.#stop.abort();
    this.isLive = false;
  }

  /** Subscribes again on a new connection, since another server may have the node's address by now. */
  distrust(): void {
    this.#isDistrusted = true;
    this.isLive = false;
    this.#broken?.abort();
  }

  async #keepSubscribed(): Promise<void> {
    for (let retries = 0; !this.#stop.signal.aborted; retries++) {
      if (await this.#subscribeUntilBroken()) retries = 0;
      const pauseMs = Math.max(retryDelayMs(retries), this.#isDistrusted ? distrustMs : 0);
      this.#isDistrusted = false;
      await pause(pauseMs, this.#stop.signal);
    }
  }

  /** @returns whether the subscription was established */
  async #subscribeUntilBroken(): Promise<boolean> {
    const client = this.#clients.client(this.#node, false);
    const broken = new AbortController();
    this.#broken = broken;
    const breakOff = () => {
      this.isLive = false;
      broken.abort();
    };
    client.on("error", breakOff);
    client.on("end", breakOff);
    this.#stop.signal.addEventListener("abort", breakOff, { once: true });
    let subscribed = false;
    try {
      const { connectTimeoutMs } = this.#clients.config;
      await withDeadline(client.connect(), connectTimeoutMs);
      const subscribedAt = Date.now();
      await withDeadline(client.subscribe(this.#channel, this.#listener), connectTimeoutMs);
      if (broken.signal.aborted) return false;
      subscribed = true;
      // Older copies may have missed an invalidation.
      this.epoch++;
      this.trustedUntil = subscribedAt + trustMs;
      this.isLive = true;
      while (!broken.signal.aborted) {
        await pause(pingEveryMs, broken.signal);
        // A paused node keeps its connections open, so it has to answer a PING.
        if (broken.signal.aborted) break;
        const pingedAt = Date.now();
        await withDeadline(client.ping(), pingTimeoutMs);
        if (broken.signal.aborted) break;
        // Messages that were published before the PING have arrived before its answer.
        this.trustedUntil = pingedAt + trustMs;
        this.isLive = true;
      }
    } catch {
      // The node is unreachable or does not answer; the caller retries.
    } finally {
      this.isLive = false;
      this.#stop.signal.removeEventListener("abort", breakOff);
      destroy(client);
    }
    return subscribed;
  }
}

/**
 * Subscriptions to the invalidation channel of every primary. The node that has the key publishes the message atomically
 * with the change, and its subscribers receive it directly, independent of the cluster bus. A broken connection is
 * noticed at once, a silent node within 1.5 s. After that the copies of that node's keys are not used, and copies made
 * before the renewal are never used again.
 */
export class InvalidationFeeds {
  readonly #clients: RedisClients;
  readonly #channel: string;
  readonly #listeners: ((message: string) => void)[] = [];
  readonly #feeds = new Map<string, NodeFeed>();

  constructor(clients: RedisClients, channel: string) {
    this.#clients = clients;
    this.#channel = channel;
  }

  get live(): number {
    let live = 0;
    for (const feed of this.#feeds.values()) if (feed.isLive) live++;
    return live;
  }

  listen(listener: (message: string) => void): void {
    this.#listeners.push(listener);
  }

  /** The feed of a node; dead if there is no subscription yet. */
  feedOf(node: RedisNode | undefined): Feed {
    return (node && this.#feeds.get(node.address)) ?? deadFeed;
  }

  /** Call it when a node does not know whether its data is current. */
  distrust({ address }: RedisNode): void {
    this.#feeds.get(address)?.distrust();
  }

  /** Subscribes to these nodes, and ends all other subscriptions. */
  follow(nodes: readonly RedisNode[]): void {
    const wanted = new Set(nodes.map(({ address }) => address));
    for (const [address, feed] of this.#feeds) {
      if (wanted.has(address)) continue;
      feed.close();
      this.#feeds.delete(address);
    }
    for (const node of nodes) {
      if (this.#feeds.has(node.address)) continue;
      const notify = (message: string) => {
        for (const listener of this.#listeners) listener(message);
      };
      this.#feeds.set(node.address, new NodeFeed(this.#clients, node, this.#channel, notify));
    }
  }

  close(): void {
    this.follow([]);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    signal.addEventListener("abort", done, { once: true });
  });
}
