import { setTimeout as sleep } from "node:timers/promises";
import { type Action, FormationRefused, type NodeView, type Plan, planFormation } from "./formation-plan.ts";
import { type Credentials, type NodeAddress, NodeConnection } from "./node-connection.ts";

export interface FormationOptions {
  /** Every node of the cluster; the first ones become primaries. */
  nodes: NodeAddress[];
  credentials: Credentials;
  shards: number;
  timeoutMs: number;
  log: (line: string) => void;
}

const pollMs = 250;
/** In the middle of a failover a dead node still counts as well, and an old primary may still claim its slots. */
const refusalHoldsMs = 6_000;

/**
 * Makes one cluster of the nodes, or mends it, or finds that there is nothing to do. Safe to run again at any time,
 * also after it was interrupted, and after nodes came back with other addresses or without their data.
 *
 * @returns how many commands it took
 * @throws {FormationRefused} when slots would have to be moved.
 * @throws Error when it is not done in time, with what is missing.
 */
export async function formCluster(options: FormationOptions): Promise<number> {
  const { shards, timeoutMs, log } = options;
  const connections = options.nodes.map((address) => new NodeConnection(address, options.credentials));
  const deadline = Date.now() + timeoutMs;
  let commands = 0;
  let status = "";
  let refusedSinceMs: number | undefined;
  const tell = (now: string) => {
    if (now !== status) log(now);
    status = now;
  };
  try {
    for (; ; await sleep(pollMs)) {
      const waitsFor = await (async () => {
        const views = await viewAll(connections);
        if (!Array.isArray(views)) return views.waitFor;
        const plan = tryPlan(views, shards);
        if (plan instanceof FormationRefused) {
          refusedSinceMs ??= Date.now();
          if (Date.now() - refusedSinceMs > refusalHoldsMs) throw plan;
          return `a state that can be mended (${plan.message})`;
        }
        refusedSinceMs = undefined;
        if (plan === "formed") return undefined;
        if ("waitFor" in plan) return plan.waitFor;
        return await perform(plan.do, connections, (line) => {
          commands++;
          log(line);
        });
      })();
      if (waitsFor === undefined) return commands;
      if (waitsFor !== "") tell(`waiting for ${waitsFor}`);
      if (Date.now() > deadline)
        throw new Error(`not formed after ${timeoutMs / 1000} s: still ${status || "at work"}`);
    }
  } finally {
    for (const connection of connections) connection.close();
  }
}

function tryPlan(views: readonly NodeView[], shards: number): Plan | FormationRefused {
  try {
    return planFormation(views, shards);
  } catch (error) {
    if (error instanceof FormationRefused) return error;
    throw error;
  }
}

async function viewAll(connections: readonly NodeConnection[]): Promise<NodeView[] | { waitFor: string }> {
  const answers = await Promise.allSettled(connections.map((connection) => connection.view()));
  const silent = answers.flatMap((answer, index) =>
    answer.status === "rejected" ? [`${connections[index]?.name}: ${reasonOf(answer.reason)}`] : [],
  );
  if (silent.length > 0)
    return { waitFor: `${silent.length} of ${answers.length} nodes (${silent.join("; ")})` };
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
}

/** Gives what went wrong, which may well go right at the next look; empty: nothing did. */
async function perform(
  actions: readonly Action[],
  connections: readonly NodeConnection[],
  log: (line: string) => void,
): Promise<string> {
  const failures: string[] = [];
  for (const action of actions) {
    const connection = connections.find((candidate) => candidate.name === action.node.name);
    try {
      await connection?.send(...commandOf(action));
      log(describe(action));
    } catch (error) {
      failures.push(`${action.node.name} to ${action.kind}: ${reasonOf(error)}`);
    }
  }
  return failures.join("; ");
}

function commandOf(action: Action): string[] {
  switch (action.kind) {
    case "number":
      return ["CLUSTER", "SET-CONFIG-EPOCH", String(action.epoch)];
    case "meet": {
      const { ip, port } = action.other;
      return ["CLUSTER", "MEET", ip, String(port), String(selfIn(action.other).busPort)];
    }
    case "take-over":
      return ["CLUSTER", "FAILOVER", "TAKEOVER"];
    case "forget":
      return ["CLUSTER", "FORGET", action.goneId];
    case "assign":
      return ["CLUSTER", "ADDSLOTSRANGE", ...action.ranges.flat().map(String)];
    case "replicate":
      return ["CLUSTER", "REPLICATE", selfIn(action.primary).id];
  }
}

function describe(action: Action): string {
  const { name } = action.node;
  switch (action.kind) {
    case "number":
      return `${name} gets configuration epoch ${action.epoch}`;
    case "meet":
      return `${name} meets ${action.other.name} (${action.other.ip})`;
    case "take-over":
      return `${name} takes over from its lost primary ${action.goneId}`;
    case "forget":
      return `${name} forgets the lost node ${action.goneId}`;
    case "assign":
      return `${name} gets slots ${action.ranges.map((range) => range.join("-")).join(", ")}`;
    case "replicate":
      return `${name} becomes a replica of ${action.primary.name}`;
  }
}

function selfIn(view: NodeView) {
  const self = view.known.find((node) => node.isSelf);
  if (!self) throw new FormationRefused(`${view.name} does not list itself`);
  return self;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
