import { setTimeout as sleep } from "node:timers/promises";
import { type Action, type MovesLeft, type Plan, TopologyRefused } from "./actions.ts";
import type { Credentials } from "./cluster-node.ts";
import { type NodeAddress, NodeConnection } from "./node-connection.ts";
import { observe, reasonOf } from "./observe.ts";
import { perform } from "./perform.ts";
import { planTopology, type Topology } from "./plan.ts";

/** Settings of reconcile. */
export interface ReconcileOptions extends Topology {
  /** Every node of the wanted cluster, in the order in which they become primaries. */
  nodes: readonly NodeAddress[];
  /** Nodes that are to leave the cluster. */
  leaving: readonly NodeAddress[];
  credentials: Credentials;
  /** Time limit without a slot that moves. */
  timeoutMs: number;
  log: (line: string) => void;
}

const pollMs = 250;
/**
 * How long a refusal must last before it is final. During a failover, a dead node still counts as healthy and an old
 * primary may still claim its slots.
 */
const finalRefusalMs = 6_000;
/** Time for which nodes without slots stay in the cluster, so that clients hear from them where the slots are. */
const farewellMs = 5_000;

/**
 * Forms one cluster of the nodes, or repairs it, or changes its shape, or finds nothing to do. It observes all nodes again after
 * each step. It is safe to run this again at any time: after an interruption, and after nodes came back with new addresses or
 * without their data.
 *
 * @returns the number of actions that it carried out
 * @throws {TopologyRefused} when the wanted cluster cannot be reached.
 * @throws {Error} when it is not reached in time; says what is missing.
 */
export async function reconcile(options: ReconcileOptions): Promise<number> {
  const run = new Reconciliation(options);
  try {
    for (;;) {
      const waitsFor = await run.step();
      if (waitsFor === undefined) return run.actions;
      run.waitFor(waitsFor);
      // A step that succeeded is followed by the next one at once, when all nodes have heard of it.
      await sleep(waitsFor === "" ? pollMs / 5 : pollMs);
    }
  } finally {
    run.close();
  }
}

class Reconciliation {
  readonly #options: ReconcileOptions;
  readonly #staying: NodeConnection[];
  readonly #leaving: NodeConnection[];
  actions = 0;
  #status = "";
  #deadlineMs: number;
  #refusedSinceMs: number | undefined;
  #movedAtMs = Number.NEGATIVE_INFINITY;
  #slotsToMove = 0;

  constructor(options: ReconcileOptions) {
    this.#options = options;
    const connect = (address: NodeAddress) => new NodeConnection(address, options.credentials);
    this.#staying = options.nodes.map(connect);
    this.#leaving = options.leaving.map(connect);
    this.#deadlineMs = Date.now() + options.timeoutMs;
  }

  /** Carries out one step. Returns what to wait for, "" to go on, or undefined when nothing is left to do. */
  async step(): Promise<string | undefined> {
    const plan = this.#plan(await observe(this.#staying, this.#leaving));
    if (plan instanceof TopologyRefused) {
      this.#refusedSinceMs ??= Date.now();
      if (Date.now() - this.#refusedSinceMs > finalRefusalMs) throw plan;
      return `a state that allows it (${plan.message})`;
    }
    this.#refusedSinceMs = undefined;
    if (plan === "settled") return undefined;
    if ("waitFor" in plan) return plan.waitFor;
    const isFarewell = plan.actions.some((action) => action.kind === "reset" && action.isHard);
    if (isFarewell && Date.now() - this.#movedAtMs < farewellMs) return "clients to hear of the moves";
    return this.#carryOut(plan.actions, plan.left);
  }

  /** Logs what it waits for, if that is new. @throws {Error} when the time is over */
  waitFor(what: string): void {
    const { log, timeoutMs } = this.#options;
    const subject = (text: string) => text.replace(/ \(.*/s, "");
    if (what !== "" && subject(what) !== subject(this.#status)) log(`waiting for ${what}`);
    if (what !== "") this.#status = what;
    if (Date.now() > this.#deadlineMs)
      throw new Error(
        `not done after ${timeoutMs / 1000} s without progress: still waiting for ${this.#status || "an end"}`,
      );
  }

  close(): void {
    for (const connection of [...this.#staying, ...this.#leaving]) connection.close();
  }

  #plan(observation: Parameters<typeof planTopology>[0]): Plan | TopologyRefused {
    try {
      return planTopology(observation, this.#options);
    } catch (error) {
      if (error instanceof TopologyRefused) return error;
      throw error;
    }
  }

  /** Carries out actions until one fails. Moves go on at the same time; no node is part of two. @returns the failure */
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
    if (left !== undefined)
      this.#logProgress(
        left,
        moves.reduce((sum, { slots }) => sum + slots.length, 0),
      );
    return failures.filter((failure) => failure !== "").join("; ");
  }

  async #perform(action: Action): Promise<string> {
    const { name } = action.node;
    const connections = [...this.#staying, ...this.#leaving];
    const nodeOf = (wanted: string) => {
      const connection = connections.find((each) => each.name === wanted);
      if (connection === undefined) throw new Error(`no node ${wanted}`);
      return connection;
    };
    try {
      const result = await perform(action, { nodeOf, credentials: this.#options.credentials });
      this.actions++;
      this.#options.log(`${name} ${result}`);
      if (action.kind === "move") this.#deadlineMs = Date.now() + this.#options.timeoutMs;
      return "";
    } catch (error) {
      return `${name} to ${action.kind}: ${reasonOf(error)}`;
    }
  }

  #logProgress(left: MovesLeft, moved: number): void {
    this.#slotsToMove = Math.max(this.#slotsToMove, left.slots);
    const done = this.#slotsToMove - left.slots + moved;
    const number = (value: number) => value.toLocaleString("en-US");
    const bytes = left.bytes * (1 - moved / left.slots);
    this.#options.log(
      `slots ${number(done)}/${number(this.#slotsToMove)} moved, ${number(Math.ceil(bytes / 2 ** 20))} MiB left`,
    );
  }
}
