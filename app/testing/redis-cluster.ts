import { setTimeout as sleep } from "node:timers/promises";
import { RedisServer } from "./redis-server.ts";

const slots = 16_384;

/** Settings of a {@link TestRedisCluster}. */
export interface RedisClusterOptions {
  password?: string;
  primaries?: number;
  /** Number of replicas of the first primary. */
  replicas?: number;
  /** Time without an answer after which a node counts as failed. */
  nodeTimeoutMs?: number;
}

/** A Redis Cluster of local processes. */
export class TestRedisCluster {
  readonly primaries: RedisServer[] = [];
  readonly replicas: RedisServer[] = [];

  /** Resolves when every node reports that all slots are served. */
  static async start(options: RedisClusterOptions = {}) {
    const { password, primaries = 3, replicas = 0, nodeTimeoutMs = 1000 } = options;
    const cluster = new TestRedisCluster();
    const args = [
      `--cluster-enabled yes --cluster-node-timeout ${nodeTimeoutMs}`,
      "--cluster-require-full-coverage no --cluster-replica-validity-factor 10",
      "--repl-diskless-sync-delay 0",
    ].flatMap((line) => line.split(" "));
    const start = () => RedisServer.start({ args, ...(password === undefined ? {} : { password }) });
    try {
      for (let index = 0; index < primaries; index++) cluster.primaries.push(await start());
      for (let index = 0; index < replicas; index++) cluster.replicas.push(await start());
      await cluster.#join();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get nodes(): RedisServer[] {
    return [...this.primaries, ...this.replicas];
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async #join(): Promise<void> {
    const [first] = this.primaries;
    for (const [index, node] of this.primaries.entries()) {
      const from = Math.floor((slots * index) / this.primaries.length);
      const to = Math.floor((slots * (index + 1)) / this.primaries.length) - 1;
      await node.command("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
    }
    for (const node of this.nodes)
      if (node !== first) await node.command("CLUSTER", "MEET", "127.0.0.1", String(first?.port));
    const id = String(await first?.command("CLUSTER", "MYID"));
    for (const replica of this.replicas) {
      await this.#until(async () => String(await replica.command("CLUSTER", "NODES")).includes(id));
      await replica.command("CLUSTER", "REPLICATE", id);
    }
    await this.#until(async () => {
      const infos = await Promise.all(this.nodes.map((node) => node.command("CLUSTER", "INFO")));
      const known = `cluster_known_nodes:${this.nodes.length}\r`;
      return infos.every(
        (info) =>
          String(info).includes("cluster_state:ok") &&
          String(info).includes(`cluster_slots_ok:${slots}\r`) &&
          String(info).includes(known),
      );
    });
    for (const replica of this.replicas)
      await this.#until(async () =>
        String(await replica.command("INFO", "replication")).includes("master_link_status:up"),
      );
  }

  async #until(isTrue: () => Promise<boolean>): Promise<void> {
    for (const until = Date.now() + 20_000; !(await isTrue()); await sleep(50))
      if (Date.now() > until) throw new Error("the cluster did not form");
  }
}
