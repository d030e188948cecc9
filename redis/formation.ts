import { setTimeout as sleep } from "node:timers/promises";
import { type Action, FormationRefused, type NodeView, planFormation, selfOf } from "./formation-plan.ts";
import { type Credentials, type NodeAddress, NodeConnection } from "./node-connection.ts";

/** Settings of formCluster. */
export interface FormationOptions {
  /** Every node of the cluster, in the order in which they become primaries. */
  nodes: NodeAddress[];
  credentials: Credentials;
  shards: number;
  timeoutMs: number;
  log: (line: string) => void;
}

const pollMs = 250;
/**
 * How long a refusal must last before it is final. During a failover, a dead node still counts as healthy and an old
 * primary may still claim its slots.
 */
const finalRefusalMs = 6_000;

/**
 * Forms one cluster of the nodes, or repairs it, or finds it formed already. It is safe to run this again at any time:
 * after an interruption, and after nodes came back with new addresses or without their data.
 *
 * @returns the number of commands that it sent
 * @throws {FormationRefused} when slots would have to move.
 * @throws {Error} when the cluster is not formed in time; says what is missing.
 */
export async function formCluster(options: FormationOptions): Promise<number> {
  const { shards, timeoutMs, log } = options;
  const connections = options.nodes.map((address) => new NodeConnection(address, options.credentials));
  const deadline = Date.now() + timeoutMs;
  let commands = 0;
  let status = "";
  let refusedSinceMs: number | undefined;

  /** Runs one step. Returns what to wait for, "" to go on, or undefined when the cluster is formed. */
  const runStep = async (): Promise<string | undefined> => {
    const views = await viewAll(connections);
    if (!Array.isArray(views)) return views.waitFor;
    const plan = tryPlan(views, shards);
    if (plan instanceof FormationRefused) {
      refusedSinceMs ??= Date.now();
      if (Date.now() - refusedSinceMs > finalRefusalMs) throw plan;
      return `a state that can be mended (${plan.message})`;
    }
    refusedSinceMs = undefined;
    if (plan === "formed") return undefined;
    if ("waitFor" in plan) return plan.waitFor;
    return await perform(plan.actions, connections, (line) => {
      commands++;
      log(line);
    });
  };

  try {
    for (;;) {
      const waitsFor = await runStep();
      if (waitsFor === undefined) return commands;
      if (waitsFor !== "" && status !== `waiting for ${waitsFor}`) {
        status = `waiting for ${waitsFor}`;
        log(status);
      }
      if (Date.now() > deadline)
        throw new Error(`not formed after ${timeoutMs / 1000} s: still ${status || "at work"}`);
      await sleep(pollMs);
    }
  } finally {
    for (const connection of connections) connection.close();
  }
}

function tryPlan(views: readonly NodeView[], shards: number) {
  try {
    return planFormation(views, shards);
  } catch (error) {
    if (error instanceof FormationRefused) return error;
    throw error;
  }
}

async function viewAll(connections: readonly NodeConnection[]): Promise<NodeView[] | { waitFor: string }> {
  const replies = await Promise.allSettled(connections.map((connection) => connection.view()));
  const silent = replies.flatMap((reply, index) =>
    reply.status === "rejected" ? [`${connections[index]?.name}: ${reasonOf(reply.reason)}`] : [],
  );
  if (silent.length > 0)
    return { waitFor: `${silent.length} of ${replies.length} nodes (${silent.join("; ")})` };
  return replies.flatMap((reply) => (reply.status === "fulfilled" ? [reply.value] : []));
}

/**
 * Sends the commands of all actions and logs those that succeed.
 *
 * @returns the failures, which the next step may resolve; "" when there is none
 */
async function perform(
  actions: readonly Action[],
  connections: readonly NodeConnection[],
  log: (line: string) => void,
): Promise<string> {
  const failures: string[] = [];
  for (const action of actions) {
    const { name } = action.node;
    const { command, result } = commandOf(action);
    try {
      await connections.find((connection) => connection.name === name)?.send("CLUSTER", ...command);
      log(`${name} ${result}`);
    } catch (error) {
      failures.push(`${name} to ${action.kind}: ${reasonOf(error)}`);
    }
  }
  return failures.join("; ");
}

/** The arguments of the CLUSTER command for an action, and its result in words. */
function commandOf(action: Action): { command: string[]; result: string } {
  switch (action.kind) {
    case "number":
      return {
        command: ["SET-CONFIG-EPOCH", String(action.epoch)],
        result: `gets configuration epoch ${action.epoch}`,
      };
    case "meet": {
      const { name, ip, port } = action.other;
      return {
        command: ["MEET", ip, String(port), String(selfOf(action.other).busPort)],
        result: `meets ${name} (${ip})`,
      };
    }
    case "take-over":
      return {
        command: ["FAILOVER", "TAKEOVER"],
        result: `takes over from its lost primary ${action.goneId}`,
      };
    case "forget":
      return { command: ["FORGET", action.goneId], result: `forgets the lost node ${action.goneId}` };
    case "assign":
      return {
        command: ["ADDSLOTSRANGE", ...action.ranges.flat().map(String)],
        result: `gets slots ${action.ranges.map((range) => range.join("-")).join(", ")}`,
      };
    case "replicate":
      return {
        command: ["REPLICATE", selfOf(action.primary).id],
        result: `becomes a replica of ${action.primary.name}`,
      };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
