import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "./cluster-node.ts";
import { parseClusterNodes } from "./cluster-nodes.ts";
import { type NodeAddress, NodeConnection } from "./node-connection.ts";
import { reasonOf } from "./observe.ts";
import { type Failover, planFailovers, type Witness } from "./plan-failover.ts";

/** Settings of a failover watch. */
export interface FailoverWatchOptions {
  nodes: readonly NodeAddress[];
  credentials: Credentials;
  log: (line: string) => void;
  /** Whether it may still change the cluster; asked before each failover. */
  mayAct: () => boolean;
}

/** Pause while all nodes reply, and while one does not. */
const pauseMs = 1_000;
const alarmPauseMs = 100;
/** Time for a reply, after which a node counts as silent, and time for one that is silent already: the others must not wait. */
const replyMs = 500;
const silentReplyMs = 100;
/** Time for an election, before another one is asked for. */
const electionMs = 3_000;
/** A replica that has been without its primary for longer has old data: it is left to Redis, which compares with its node timeout. */
const longestDownSeconds = 10;

/**
 * Asks a replica to take over as soon as most primaries suspect that its primary has failed. Redis does so by itself, but
 * up to two seconds later.
 */
export class FailoverWatch {
  readonly #options: FailoverWatchOptions;
  readonly #connections: readonly NodeConnection[];
  readonly #silent = new Set<string>();
  readonly #askedMs = new Map<string, number>();
  #count = 0;

  constructor(options: FailoverWatchOptions) {
    this.#options = options;
    this.#connections = options.nodes.map((node) => new NodeConnection(node, options.credentials));
  }

  /** Number of failovers that it has asked for. */
  get count(): number {
    return this.#count;
  }

  /** Runs until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const areAllHere = !this.#options.mayAct() || (await this.#turn());
      await sleep(areAllHere ? pauseMs : alarmPauseMs, undefined, { signal }).catch(() => undefined);
    }
    for (const connection of this.#connections) connection.close();
  }

  /** @returns whether all nodes replied */
  async #turn(): Promise<boolean> {
    const replies = await Promise.all(
      this.#connections.map(async (connection): Promise<Witness | undefined> => {
        const { name } = connection;
        const waitMs = this.#silent.has(name) ? silentReplyMs : replyMs;
        const table = await ask(connection, waitMs, "CLUSTER", "NODES");
        if (table === undefined) {
          this.#silent.add(name);
          return undefined;
        }
        this.#silent.delete(name);
        return { name, known: parseClusterNodes(table) };
      }),
    );
    const witnesses = replies.filter((reply) => reply !== undefined);
    await Promise.all(planFailovers(witnesses).map((failover) => this.#failOver(failover)));
    return witnesses.length === replies.length;
  }

  async #failOver({ goneId, replicas }: Failover): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - (this.#askedMs.get(goneId) ?? Number.NEGATIVE_INFINITY) < electionMs) return;
    const candidates = await Promise.all(
      this.#connections
        .filter(({ name }) => replicas.includes(name))
        .map(async (connection) => ({
          connection,
          state: await ask(connection, replyMs, "INFO", "replication"),
        })),
    );
    const [best] = candidates
      .map(({ connection, state = "" }) => ({
        connection,
        offset: Number(/^slave_repl_offset:(\d+)/m.exec(state)?.[1] ?? 0),
        downSeconds: Number(/^master_link_down_since_seconds:(-?\d+)/m.exec(state)?.[1] ?? 0),
        isReplica: /^role:slave/m.test(state),
      }))
      .filter(
        ({ downSeconds, isReplica }) => isReplica && downSeconds >= 0 && downSeconds <= longestDownSeconds,
      )
      .sort((a, b) => b.offset - a.offset);
    if (best === undefined || !this.#options.mayAct()) return;
    this.#askedMs.set(goneId, nowMs);
    const { name } = best.connection;
    try {
      await best.connection.send("CLUSTER", "FAILOVER", "FORCE");
      this.#count++;
      this.#options.log(
        `${name} is asked to take over from its primary ${goneId}, which most primaries find silent`,
      );
    } catch (error) {
      this.#options.log(`${name} to take over from its silent primary: ${reasonOf(error)}`);
    }
  }
}

/** The reply to a command, or undefined when there is none in time. */
async function ask(
  connection: NodeConnection,
  waitMs: number,
  ...command: string[]
): Promise<string | undefined> {
  const timer = setTimeout(() => connection.close(), waitMs);
  try {
    return await connection.send(...command);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
