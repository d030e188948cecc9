import { setTimeout as sleep } from "node:timers/promises";
import { type NodeAddress, NodeConnection } from "./node-connection.ts";
import type { AdmissionConfig } from "./program-config.ts";

/** Settings of admitPassword. */
export interface AdmissionOptions extends AdmissionConfig {
  /** Time limit for all nodes together. */
  timeoutMs: number;
  log: (line: string) => void;
}

const pollMs = 500;

/**
 * Lets every node accept a further password of its user, until it restarts. When all nodes accept it, replicas log in at
 * their primaries with it. It is safe to run this again at any time.
 *
 * A node that cannot be reached in time, or has neither of the passwords, is left out and logged: clients with the new
 * password do without it until its pod is replaced.
 *
 * @returns the number of nodes that accept the password
 */
export async function admitPassword(options: AdmissionOptions): Promise<number> {
  const { nodes, username, password, log } = options;
  const deadline = Date.now() + options.timeoutMs;
  const admitted = await Promise.all(
    nodes.map((node) => send(node, ["ACL", "SETUSER", username, `>${password}`], options, deadline)),
  );
  const count = admitted.filter((isAdmitted) => isAdmitted).length;
  // A primary that does not accept the password would refuse its replicas.
  if (count < nodes.length) return count;
  await Promise.all(
    nodes.map((node) => send(node, ["CONFIG", "SET", "masterauth", password], options, deadline)),
  );
  log("replicas log in with the new password");
  return count;
}

/** Sends a command, logged in with one of the passwords. Returns whether it succeeded; never throws. */
async function send(
  node: NodeAddress,
  command: string[],
  { username, password, otherPassword, log }: AdmissionOptions,
  deadline: number,
): Promise<boolean> {
  const known = otherPassword === undefined ? [password] : [otherPassword, password];
  for (let reason = ""; ; await sleep(pollMs)) {
    for (const candidate of known) {
      const connection = new NodeConnection(node, { username, password: candidate });
      try {
        await connection.send(...command);
        return true;
      } catch (error) {
        reason = error instanceof Error ? error.message || error.name : String(error);
      } finally {
        connection.close();
      }
    }
    // The pod does not exist yet, or is being replaced: the new pod has the new password.
    const isFinal = reason.includes("ENOTFOUND") || reason.startsWith("WRONGPASS");
    if (!isFinal && Date.now() < deadline) continue;
    log(`${node.host}:${node.port} does not accept the new password until its pod is replaced: ${reason}`);
    return false;
  }
}
