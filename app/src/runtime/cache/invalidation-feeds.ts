import { deadFeed, type Feed } from "./cache-store.ts";
import { withDeadline } from "./deadline.ts";
import { destroy, type RedisClients, type RedisNode, retryDelayMs } from "./redis-link.ts";

const pingEveryMs = 500;
const longestSilenceMs = 1_000;

/** A subscription to one node, made again whenever it breaks. */
class NodeFeed implements Feed {
  readonly #clients: RedisClients;
  readonly #node: { host: string; port: number };
  readonly #channel: string;
  readonly #listener: (message: string) => void;
  readonly #stop = new AbortController();
  isLive = false;
  epoch = 0;

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

  async #keepSubscribed(): Promise<void> {
    for (let retries = 0; !this.#stop.signal.aborted; retries++) {
      if (await this.#subscribeUntilBroken()) retries = 0;
      await pause(retryDelayMs(retries), this.#stop.signal);
    }
  }

  /** Tells whether the subscription came about. */
  async #subscribeUntilBroken(): Promise<boolean> {
    const client = this.#clients.client(this.#node, false);
    const broken = new AbortController();
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
      await withDeadline(client.subscribe(this.#channel, this.#listener), connectTimeoutMs);
      if (broken.signal.aborted) return false;
      subscribed = true;
      // What was kept before may have missed something.
      this.epoch++;
      this.isLive = true;
      while (!broken.signal.aborted) {
        await pause(pingEveryMs, broken.signal);
        // A node that stands still keeps its connections.
        if (!broken.signal.aborted) await withDeadline(client.ping(), longestSilenceMs);
      }
    } catch {
      // Not reached, or silent: made again.
    } finally {
      this.isLive = false;
      this.#stop.signal.removeEventListener("abort", breakOff);
      destroy(client);
    }
    return subscribed;
  }
}

/**
 * Subscriptions to the channel of invalidations at every node that takes writes. A message is published by the node that
 * has the key, in one step with the change; subscribers at that node get it from there, whatever happens between the nodes.
 * A feed that breaks is noticed at once, or after a node's silence of at most 1.5 s; then its copies count no more, and those
 * made before it was back never again.
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

  /** The feed of a node; dead when it is not followed (yet). */
  of(node: RedisNode | undefined): Feed {
    return (node && this.#feeds.get(node.address)) ?? deadFeed;
  }

  /** Subscribes to these nodes, and to no others any more. */
  follow(nodes: readonly RedisNode[]): void {
    const wanted = new Set(nodes.map(({ address }) => address));
    for (const [address, feed] of this.#feeds) {
      if (wanted.has(address)) continue;
      feed.close();
      this.#feeds.delete(address);
    }
    for (const node of nodes) {
      if (this.#feeds.has(node.address)) continue;
      const tell = (message: string) => {
        for (const listener of this.#listeners) listener(message);
      };
      this.#feeds.set(node.address, new NodeFeed(this.#clients, node, this.#channel, tell));
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
