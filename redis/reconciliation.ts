import { type Action, type MovesLeft, type Plan, TopologyRefused } from "./actions.ts";
import type { Credentials } from "./cluster-node.ts";
import { type NodeAddress, NodeConnection } from "./node-connection.ts";
import type { Observation } from "./observation.ts";
import { observe, reasonOf } from "./observe.ts";
import { perform } from "./perform.ts";
import { planTopology, type Topology } from "./plan.ts";
import { RetryDelays } from "./retry-delays.ts";

/** The wanted cluster and its nodes. */
export interface WantedCluster extends Topology {
  /** Every node of the wanted cluster, in the order in which they become primaries. */
  nodes: readonly NodeAddress[];
  /** Nodes that are to leave the cluster. */
  leaving: readonly NodeAddress[];
}

/** How many slots have moved. */
export interface Progress {
  movedSlots: number;
  allSlots: number;
  /** Estimate from the memory of the sources. */
  bytesLeft: number;
}

/** What a step has found or done. */
export type Step =
  /** Nothing is left to do. */
  | { state: "settled" }
  /** Actions succeeded; the next step may follow at once. */
  | { state: "working" }
  | { state: "waiting"; reason: string }
  /** The wanted cluster cannot be reached from the present state. */
  | { state: "refused"; reason: string };

/** How a reconciliation reaches the nodes. */
export interface ReconciliationOptions {
  credentials: Credentials;
  log: (line: string) => void;
  /** Whether it may still change the cluster; asked before each action. */
  mayAct?: () => boolean;
}

/**
 * How long a refusal must last before it counts. During a failover, a dead node still counts as healthy and an old primary may
 * still claim its slots.
 */
const refusalMs = 6_000;
/** Time for which nodes without slots stay in the cluster, so that clients hear from them where the slots are. */
const farewellMs = 5_000;

/**
 * Forms one cluster of the nodes, repairs it, or changes its shape, one step at a time. Each step observes all nodes again, so
 * the process may end between or within steps, and another one goes on.
 */
export class Reconciliation {
  readonly #options: ReconciliationOptions;
  readonly #connections = new Map<string, NodeConnection>();
  readonly #delays = new RetryDelays();
  #refusedSinceMs: number | undefined;
  #movedAtMs = Number.NEGATIVE_INFINITY;
  #progress: Progress | undefined;
  #observation: Observation | undefined;
  #actions = new Map<Action["kind"], number>();

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  /** Moves of slots that are under way; undefined when none are. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** The latest state of the nodes; undefined before the first step. */
  get observation(): Observation | undefined {
    return this.#observation;
  }

  /** Number of actions that succeeded, by kind. */
  get actions(): ReadonlyMap<Action["kind"], number> {
    return this.#actions;
  }

  /** Observes all nodes, and carries out what the plan has to do next. */
  async step(wanted: WantedCluster): Promise<Step> {
    const { nodes, leaving } = wanted;
    this.#forgetAllBut([...nodes, ...leaving]);
    const connect = (each: readonly NodeAddress[]) => each.map((address) => this.#connectionTo(address));
    this.#observation = await observe(connect(nodes), connect(leaving), wanted.slots);
    const plan = this.#plan(this.#observation, wanted);
    if (plan instanceof TopologyRefused) return this.#refuse(plan);
    this.#refusedSinceMs = undefined;
    if (plan === "settled") {
      this.#progress = undefined;
      return { state: "settled" };
    }
    if ("waitFor" in plan) return { state: "waiting", reason: plan.waitFor };
    const isFarewell = plan.actions.some((action) => action.kind === "reset" && action.isHard);
    if (isFarewell && Date.now() - this.#movedAtMs < farewellMs)
      return { state: "waiting", reason: "clients to hear of the moves" };
    const failure = await this.#carryOut(plan.actions, plan.left);
    if (failure !== "") return { state: "waiting", reason: failure };
    // Nodes take a moment to shake hands, and need no second introduction until then.
    if (plan.actions.every(({ kind }) => kind === "meet"))
      return { state: "waiting", reason: "nodes to meet" };
    return { state: "working" };
  }

  /** Closes all connections. A step that goes on fails. */
  close(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  #refuse(refusal: TopologyRefused): Step {
    this.#refusedSinceMs ??= Date.now();
    const reason = refusal.message;
    return Date.now() - this.#refusedSinceMs > refusalMs
      ? { state: "refused", reason }
      : { state: "waiting", reason: `a state that allows it (${reason})` };
  }

  #plan(observation: Observation, wanted: WantedCluster): Plan | TopologyRefused {
    try {
      return planTopology(observation, wanted);
    } catch (error) {
      if (error instanceof TopologyRefused) return error;
      throw error;
    }
  }

  /** Carries out actions until one fails. Moves go on at the same time; no node is part of two. @returns the failures */
  async #carryOut(actions: readonly Action[], left: MovesLeft | undefined): Promise<string> {
    const moves = actions.filter((action) => action.kind === "move");
    if (moves.length < actions.length) {
      for (const action of actions) {
        const failure = await this.#perform(action);
        if (failure !== "") return failure;
      }
      return "";
    }
    const failures = await Promise.all(moves.map((move) => this.#perform(move)));
    this.#movedAtMs = Date.now();
    const moved = moves.filter((_, index) => failures[index] === "");
    if (left !== undefined && moved.length > 0)
      this.#advance(
        left,
        moved.reduce((sum, { slots }) => sum + slots.length, 0),
      );
    return failures.filter((failure) => failure !== "").join("; ");
  }

  /** @returns the failure in words, "" when there is none */
  async #perform(action: Action): Promise<string> {
    const { name } = action.node;
    const what =
      action.kind === "move" ? `${name} to move slots to ${action.to.name}` : `${name} to ${action.kind}`;
    const earlier = this.#delays.waitOf(what, Date.now());
    if (earlier !== undefined) return earlier;
    if (this.#options.mayAct?.() === false) return "the lease";
    try {
      const result = await perform(action, {
        nodeOf: (wanted) => this.#connectionNamed(wanted),
        credentials: this.#options.credentials,
      });
      this.#delays.succeeded(what);
      this.#actions.set(action.kind, (this.#actions.get(action.kind) ?? 0) + 1);
      this.#options.log(`${name} ${result}`);
      return "";
    } catch (error) {
      return this.#delays.failed(what, reasonOf(error), Date.now());
    }
  }

  #advance(left: MovesLeft, moved: number): void {
    const allSlots = Math.max(this.#progress?.allSlots ?? 0, left.slots);
    const movedSlots = allSlots - left.slots + moved;
    this.#progress = { movedSlots, allSlots, bytesLeft: left.bytes * (1 - moved / left.slots) };
    this.#options.log(describeProgress(this.#progress));
  }

  #connectionTo(address: NodeAddress): NodeConnection {
    const name = `${address.host}:${address.port}`;
    const connection = this.#connections.get(name) ?? new NodeConnection(address, this.#options.credentials);
    this.#connections.set(name, connection);
    return connection;
  }

  #connectionNamed(name: string): NodeConnection {
    const connection = this.#connections.get(name);
    if (connection === undefined) throw new Error(`no node ${name}`);
    return connection;
  }

  #forgetAllBut(addresses: readonly NodeAddress[]): void {
    const names = new Set(addresses.map(({ host, port }) => `${host}:${port}`));
    for (const [name, connection] of this.#connections)
      if (!names.has(name)) {
        connection.close();
        this.#connections.delete(name);
      }
  }
}

/** Progress as a line: `slots 4,096/6,554 moved, 12 MiB left`. */
export function describeProgress({ movedSlots, allSlots, bytesLeft }: Progress): string {
  const number = (value: number) => value.toLocaleString("en-US");
  return `slots ${number(movedSlots)}/${number(allSlots)} moved, ${number(Math.ceil(bytesLeft / 2 ** 20))} MiB left`;
}
