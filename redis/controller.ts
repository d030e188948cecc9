import { setTimeout as sleep } from "node:timers/promises";
import type { CacheSize } from "../contract/redis-controller.ts";
import type { Credentials } from "./cluster-node.ts";
import { FailoverWatch } from "./failover-watch.ts";
import type { Lease } from "./lease.ts";
import type { NodeAddress } from "./node-connection.ts";
import { nodesOf, type Observation } from "./observation.ts";
import { reasonOf } from "./observe.ts";
import type { Hosts } from "./placement.ts";
import type { Topology } from "./plan.ts";
import { type Progress, Reconciliation, type Step } from "./reconciliation.ts";

/** The cluster that a controller keeps. */
export interface ControllerOptions extends Topology {
  /** Every node of the wanted cluster, in the order in which they become primaries. */
  nodes: readonly NodeAddress[];
  /** Nodes that exist and are not wanted. */
  findLeaving: () => Promise<readonly NodeAddress[]>;
  /** Machines of the nodes. Default: not known. */
  findHosts?: () => Promise<Hosts>;
  credentials: Credentials;
  lease: Lease;
  log: (line: string) => void;
}

/** What a controller reports. */
export interface ControllerStatus {
  /** The wanted cluster: see `shapeOf`. */
  shape: string;
  /** `standby`: another process holds the lease. */
  state: Step["state"] | "standby";
  /** What it waits for, or why the wanted cluster is refused; "" otherwise. */
  reason: string;
  progress: Progress | undefined;
  /** Number of actions that succeeded since its start. */
  actions: number;
  /** Time since the observation began that led to the state. */
  ageMs: number;
  /** Undefined while not every node has replied. */
  size: CacheSize | undefined;
}

/** A step, or that another process holds the lease. */
type Turn = Step | { state: "standby"; reason: string };

/** Pauses between two steps, by the state that the first has found. */
const pausesMs = { settled: 1_000, working: 50, waiting: 250, refused: 2_000, standby: 500 } as const;
/** Pause after a step in which nothing was left to do, as a multiple of its CPU time: a large cluster is observed less often. */
const pausePerCpuTime = 50;
/** However slow the machine is, no node is out of sight for longer. */
const longestPauseMs = 5_000;
const renewalMs = 1_500;
/** Time for which the number of nodes that exist, and their machines, may be out of date. */
const leavingAgeMs = 2_000;
const hostsAgeMs = 30_000;

/** The wanted shards and replicas as a text, for comparison. */
export function shapeOf({ shards, replicasPerShard }: Topology): string {
  return `${shards} shards of 1 + ${replicasPerShard}`;
}

/**
 * Watches a Redis Cluster and mends it all the time: introduces nodes that come back with other addresses, replaces lost ones,
 * ends interrupted moves, and changes its shape. It acts only while it holds the lease.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #reconciliation: Reconciliation;
  readonly #watch: FailoverWatch;
  #latest: { step: Turn; startedMs: number };
  readonly #findLeaving: () => Promise<readonly NodeAddress[]>;
  readonly #findHosts: () => Promise<Hosts>;
  #turnMs = performance.now();
  /** Left out of messages. */
  readonly #domain: string;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#domain = commonDomain(options.nodes);
    this.#findLeaving = keptFor(leavingAgeMs, options.findLeaving);
    this.#findHosts = keptFor(hostsAgeMs, options.findHosts ?? (async () => new Map()));
    this.#latest = { step: { state: "standby", reason: "the lease" }, startedMs: performance.now() };
    const { credentials, lease, nodes } = options;
    const common = { credentials, log: (line: string) => this.#log(line), mayAct: () => lease.isHeld };
    this.#reconciliation = new Reconciliation(common);
    this.#watch = new FailoverWatch({ ...common, nodes });
  }

  /** The state of the cluster as this process knows it. */
  get reconciliation(): Reconciliation {
    return this.#reconciliation;
  }

  /** Number of failovers that it has asked for. */
  get failovers(): number {
    return this.#watch.count;
  }

  /** Time since the last turn of the loop ended. */
  get silentMs(): number {
    return performance.now() - this.#turnMs;
  }

  get status(): ControllerStatus {
    const { step, startedMs } = this.#latest;
    return {
      shape: shapeOf(this.#options),
      state: step.state,
      reason: "reason" in step ? this.#shorten(step.reason) : "",
      progress: this.#reconciliation.progress,
      actions: [...this.#reconciliation.actions.values()].reduce((sum, count) => sum + count, 0),
      ageMs: Math.round(performance.now() - startedMs),
      size: this.#reconciliation.observation && sizeOf(this.#reconciliation.observation),
    };
  }

  /** Runs until the signal; then ends the step that goes on, and gives the lease back. */
  async run(signal: AbortSignal): Promise<void> {
    const { lease } = this.#options;
    await lease.renew();
    const background = [this.#keepLease(signal), this.#watch.run(signal)];
    while (!signal.aborted) {
      const startedMs = performance.now();
      const cpu = process.cpuUsage();
      const step = await this.#step();
      const { user, system } = process.cpuUsage(cpu);
      this.#report(step);
      this.#latest = { step, startedMs };
      this.#turnMs = performance.now();
      await sleep(pauseMs(step.state, (user + system) / 1000), undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(background);
    await lease
      .release()
      .catch((error: unknown) => this.#log(`the lease was not released: ${reasonOf(error)}`));
    this.#reconciliation.close();
  }

  async #step(): Promise<Turn> {
    const { lease, nodes, shards, replicasPerShard } = this.#options;
    if (!lease.isHeld) return { state: "standby", reason: lease.obstacle };
    try {
      const leaving = await this.#findLeaving();
      const hosts = await this.#findHosts();
      return await this.#reconciliation.step({ nodes, leaving, shards, replicasPerShard, hosts });
    } catch (error) {
      return { state: "waiting", reason: reasonOf(error) };
    }
  }

  async #keepLease(signal: AbortSignal): Promise<void> {
    const { lease } = this.#options;
    while (!signal.aborted) {
      await sleep(lease.isHeld ? renewalMs : pausesMs.standby, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await lease.renew();
    }
  }

  /** Logs a state that differs from the one before by more than its details. */
  #report(step: Turn): void {
    const before = this.#latest.step;
    const subject = (each: Turn) => ("reason" in each ? each.reason.replace(/ \(.*/s, "") : "");
    if (step.state === "working" || (before.state === step.state && subject(before) === subject(step)))
      return;
    if (step.state === "settled") this.#log(`settled: ${shapeOf(this.#options)}, all slots served`);
    else if (step.state === "refused") this.#log(`refused: ${step.reason}`);
    else this.#log(`${step.state === "standby" ? "on standby, " : ""}waiting for ${step.reason}`);
  }

  #log(line: string): void {
    this.#options.log(this.#shorten(line));
  }

  #shorten(text: string): string {
    return this.#domain === "" ? text : text.replaceAll(this.#domain, "");
  }
}

/** Time until the next step. @param cpuMs CPU time of the last one */
export function pauseMs(state: Turn["state"], cpuMs: number): number {
  const restMs = state === "settled" ? Math.min(cpuMs * pausePerCpuTime, longestPauseMs) : 0;
  return Math.max(pausesMs[state], restMs);
}

function sizeOf(observation: Observation): CacheSize | undefined {
  const owners = nodesOf(observation).filter(({ slots }) => slots.length > 0);
  if (observation.silent.length > 0 || owners.length === 0) return undefined;
  return {
    shards: owners.length,
    dataBytes: owners.reduce((sum, { view }) => sum + view.dataBytes, 0),
    overheadBytes: Math.max(...owners.map(({ view }) => view.overheadBytes)),
  };
}

/** A function that returns its last result again until that is too old. */
function keptFor<T>(ageMs: number, find: () => Promise<T>): () => Promise<T> {
  let last: { result: T; untilMs: number } | undefined;
  return async () => {
    if (last === undefined || performance.now() > last.untilMs)
      last = { result: await find(), untilMs: performance.now() + ageMs };
    return last.result;
  };
}

/** What all names have after the first dot; "" when that differs. */
function commonDomain(nodes: readonly NodeAddress[]): string {
  const domains = new Set(nodes.map(({ host, port }) => `${host.slice(host.indexOf("."))}:${port}`));
  const [domain = ""] = domains;
  return domains.size === 1 && domain.startsWith(".") ? domain : "";
}
