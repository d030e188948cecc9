import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "./cluster-node.ts";
import { type NodeAddress, NodeConnection } from "./node-connection.ts";
import { reasonOf } from "./observe.ts";
import type { UsersConfig } from "./program-config.ts";

/** Settings of admitUsers and settleUsers. */
export interface UsersOptions extends UsersConfig {
  /** Time limit for all nodes together. */
  timeoutMs: number;
  log: (line: string) => void;
}

type Send = (...command: string[]) => Promise<string>;

const pollMs = 500;

/**
 * Gives every node its users, beside the passwords and rights that it knows, until it restarts. When all nodes have them,
 * replicas log in at their primaries as their user. It is safe to run this again at any time.
 *
 * A node that cannot be reached in time, or accepts none of the logins, is left out and logged: clients with the new
 * passwords do without it until its pod is replaced.
 *
 * @returns the number of nodes that accept the new passwords
 */
export async function admitUsers(options: UsersOptions): Promise<number> {
  const { nodes, users, replicaPassword, log } = options;
  // Clients of earlier versions use `default`.
  const further = users.filter(([name]) => name !== "default");
  const failures = await onAll(options, async (send) => {
    for (const [name, ...rules] of further) await send("ACL", "SETUSER", name, ...rules);
  });
  for (const [name, reason] of failures)
    log(`${name} does not accept the new passwords until its pod is replaced: ${reason}`);
  // A primary that does not accept the user would refuse its replicas.
  if (failures.size > 0) return nodes.length - failures.size;
  await onAll(options, (send) =>
    send("CONFIG", "SET", "masteruser", "replica", "masterauth", replicaPassword),
  );
  log("replicas log in with the new password");
  return nodes.length;
}

/**
 * Lets every node accept the new passwords only, each user with its own rights only, and `default` not at all. It must run when
 * no client uses anything else. It is safe to run this again at any time.
 *
 * @throws {Error} with the nodes that could not be reached in time, or accept none of the logins
 */
export async function settleUsers(options: UsersOptions): Promise<void> {
  const failures = await onAll(options, async (send) => {
    // Each command is atomic: connections of the user go on.
    for (const [name, ...rules] of options.users) await send("ACL", "SETUSER", name, "reset", ...rules);
    await send("CLIENT", "KILL", "USER", "default");
  });
  if (failures.size === 0) return;
  const lines = [...failures].map(([name, reason]) => `${name}: ${reason}`);
  throw new Error(`nodes may still accept passwords that are no longer in use: ${lines.join("; ")}`);
}

/** Acts on all nodes at the same time. @returns the reason of each node on which it did not succeed */
async function onAll(
  options: UsersOptions,
  act: (send: Send) => Promise<unknown>,
): Promise<Map<string, string>> {
  const deadline = Date.now() + options.timeoutMs;
  const reasons = await Promise.all(options.nodes.map((node) => onNode(node, options, act, deadline)));
  const failures = new Map<string, string>();
  for (const [index, { host, port }] of options.nodes.entries())
    if (reasons[index] !== undefined) failures.set(`${host}:${port}`, reasons[index]);
  return failures;
}

/** Acts on a node, logged in with one of the passwords. Never throws. @returns why it did not succeed */
async function onNode(
  node: NodeAddress,
  { logins }: UsersOptions,
  act: (send: Send) => Promise<unknown>,
  deadline: number,
): Promise<string | undefined> {
  for (;;) {
    const reasons: string[] = [];
    for (const login of logins) {
      const reason = await attempt(node, login, act);
      if (reason === undefined) return undefined;
      reasons.push(reason);
    }
    const reason = reasons.find((text) => !text.startsWith("WRONGPASS")) ?? reasons[0] ?? "no login";
    // The pod does not exist yet, or knows none of the logins: only a new pod will.
    const isFinal = reason.includes("ENOTFOUND") || reasons.every((text) => text.startsWith("WRONGPASS"));
    if (isFinal || Date.now() > deadline) return reason;
    await sleep(pollMs);
  }
}

async function attempt(
  node: NodeAddress,
  login: Credentials,
  act: (send: Send) => Promise<unknown>,
): Promise<string | undefined> {
  const connection = new NodeConnection(node, login);
  try {
    await act((...command) => connection.send(...command));
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    connection.close();
  }
}
