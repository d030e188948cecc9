import slotOf from "cluster-key-slot";
import type { Log } from "../log.ts";
import { withDeadline } from "./deadline.ts";
import {
  destroy,
  messageOf,
  type RedisClient,
  type RedisClients,
  type RedisCluster,
  type RedisLink,
  type RedisNode,
  renewEveryMs,
} from "./redis-link.ts";

const slots = 16_384;
const repairEveryMs = 250;
const maxRepairPauseMs = 2_000;

/**
 * The connections to a Redis Cluster.
 *
 * The cluster client follows MOVED redirections, but a primary that is gone sends none. So while some slots have no
 * primary that answers, a new client is created from the configured nodes from time to time, and replaces the current one
 * if it reaches more slots.
 */
export class RedisClusterLink implements RedisLink {
  readonly #clients: RedisClients;
  readonly #log: Log;
  readonly #isSuspect: (node: RedisNode) => boolean;
  readonly #onRenewed: () => void;
  #cluster: RedisCluster | undefined;
  #repairing = false;
  #closed = false;
  /** A node was in the wrong state, so the known primaries may be wrong. */
  #isOutdated = false;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #lastError = "";
  #wasComplete: boolean | undefined;

  /**
   * @param isSuspect whether a node is connected but does not answer
   * @param onRenewed called when all connections have been replaced
   */
  constructor(
    clients: RedisClients,
    log: Log,
    isSuspect: (node: RedisNode) => boolean,
    onRenewed: () => void,
  ) {
    this.#clients = clients;
    this.#log = log;
    this.#isSuspect = isSuspect;
    this.#onRenewed = onRenewed;
  }

  get commands(): RedisCluster | undefined {
    return this.#cluster;
  }

  get masters(): readonly RedisNode[] {
    return this.#cluster?.masters ?? [];
  }

  async start(): Promise<void> {
    if (this.#clients.config.nodes.length === 0) return;
    await this.#tryOther();
    this.noticeFailure();
  }

  nodeOf(key: string): RedisNode | undefined {
    return this.#cluster?.slots[slotOf(key)]?.master;
  }

  async clientOf(node: RedisNode): Promise<RedisClient> {
    const master = this.#cluster?.masters.find(({ address }) => address === node.address);
    if (!this.#cluster || !master) throw new Error("not connected");
    return this.#cluster.nodeClient(master);
  }

  noticeFailure(error?: unknown): void {
    if (error !== undefined) this.#lastError = messageOf(error);
    if (this.#repairing || this.#closed || this.#clients.config.nodes.length === 0) return;
    this.#repairing = true;
    void this.#repair().finally(() => {
      this.#repairing = false;
    });
  }

  renew(error: unknown): void {
    this.#isOutdated = true;
    this.noticeFailure(error);
  }

  close(): void {
    this.#closed = true;
    if (this.#cluster) destroy(this.#cluster);
    this.#cluster = undefined;
  }

  async #repair(): Promise<void> {
    for (let pauseMs = repairEveryMs; !this.#closed; pauseMs = Math.min(pauseMs * 1.5, maxRepairPauseMs)) {
      const complete = this.#covered(this.#cluster) === slots;
      this.#logState(complete);
      if (complete && !this.#isOutdated) return;
      const untilRenewal = complete ? this.#renewedAt + renewEveryMs - performance.now() : 0;
      await new Promise((resolve) => setTimeout(resolve, Math.max(pauseMs, untilRenewal)).unref());
      if (this.#closed) return;
      if (this.#isOutdated || this.#covered(this.#cluster) < slots) await this.#tryOther();
    }
  }

  /** Number of slots whose primary is known to answer. */
  #covered(cluster: RedisCluster | undefined): number {
    let covered = 0;
    for (const shard of cluster?.slots ?? []) {
      // A new node gets its client at the first command: until then it counts as answering.
      if (shard && shard.master.client?.isReady !== false && !this.#isSuspectIn(cluster, shard.master))
        covered++;
    }
    return covered;
  }

  /** Suspicions apply to the current client only; the ready connections of another client have just answered. */
  #isSuspectIn(cluster: RedisCluster | undefined, node: RedisNode): boolean {
    return cluster === this.#cluster && this.#isSuspect(node);
  }

  /** Creates another client, and keeps the one that reaches more slots; if the current one is outdated, also one that reaches as many. */
  async #tryOther(): Promise<void> {
    const isOutdated = this.#isOutdated;
    this.#isOutdated = false;
    this.#renewedAt = performance.now();
    const { connectTimeoutMs } = this.#clients.config;
    const other = this.#clients.cluster();
    let reason: string | undefined;
    other.on("error", (error: unknown) => {
      reason = messageOf(error);
      this.#lastError = reason;
    });
    other.on("node-error", (error: unknown) => {
      this.#lastError = messageOf(error);
      if (other === this.#cluster) this.noticeFailure();
    });
    const connecting = other.connect();
    try {
      await withDeadline(connecting, connectTimeoutMs);
      await Promise.allSettled(
        other.masters.map((node) => withDeadline(other.nodeClient(node), connectTimeoutMs)),
      );
    } catch (error) {
      // The error of a single node says more than "no node can be reached".
      this.#lastError = reason ?? messageOf(error);
    }
    const needed = this.#covered(this.#cluster) + (isOutdated ? 0 : 1);
    const loser = this.#closed || this.#covered(other) < Math.max(1, needed) ? other : this.#cluster;
    if (loser !== other) {
      this.#cluster = other;
      this.#onRenewed();
    }
    if (loser) destroy(loser);
    // Discovery may end after the time limit and open connections again.
    connecting.finally(() => loser === other && destroy(other)).catch(() => undefined);
  }

  #logState(complete: boolean): void {
    if (complete === this.#wasComplete) return;
    this.#wasComplete = complete;
    const facts = { servedSlots: this.#covered(this.#cluster), primaries: this.masters.length };
    if (complete) this.#log.info(facts, "cache connected");
    else this.#log.warn({ ...facts, reason: this.#lastError }, "cache incomplete: reads go to the database");
  }
}
