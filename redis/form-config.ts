import type { Credentials } from "./cluster-node.ts";
import type { NodeAddress } from "./node-connection.ts";

/** Nodes and shape of the wanted cluster. */
export interface FormConfig {
  /** All nodes, in the order in which they become primaries. */
  nodes: NodeAddress[];
  /** Nodes that are to leave the cluster. */
  leaving: NodeAddress[];
  credentials: Credentials;
  shards: number;
  replicasPerShard: number;
}

/** Nodes that admit a new password. */
export interface AdmissionConfig {
  nodes: NodeAddress[];
  username: string;
  password: string;
  /** Password that the nodes may have now; undefined when it is not known. */
  otherPassword: string | undefined;
}

/**
 * Reads the environment of the formation Job: REDIS_NODES (host:port, separated by commas), REDIS_LEAVING_NODES (likewise, may
 * be missing), REDIS_SHARDS, REDIS_REPLICAS_PER_SHARD, REDIS_USERNAME and REDIS_PASSWORD. The API parses REDIS_NODES in the
 * same way.
 *
 * @throws {Error} with all problems, one on each line, when a variable is wrong.
 */
export function readFormConfig(env: NodeJS.ProcessEnv): FormConfig {
  const problems: string[] = [];
  const integer = (name: string, min: number, max: number) => wholeNumberOf(env, name, min, max, problems);
  const nodes = readNodes(env, "REDIS_NODES", problems);
  const leaving = readNodes(env, "REDIS_LEAVING_NODES", problems);
  const shards = integer("REDIS_SHARDS", 1, 1000);
  const replicasPerShard = integer("REDIS_REPLICAS_PER_SHARD", 0, 5);
  const needed = shards * (1 + replicasPerShard);
  if (problems.length === 0 && nodes.length !== needed) {
    const shape = `${shards} shards of 1 + ${replicasPerShard}`;
    problems.push(`REDIS_NODES: ${nodes.length} nodes are listed, ${shape} are ${needed}`);
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const credentials = { username: usernameOf(env), password: env.REDIS_PASSWORD || undefined };
  return { nodes, leaving, credentials, shards, replicasPerShard };
}

/**
 * Reads the environment of the Job that admits a new password: REDIS_NODES, REDIS_USERNAME, REDIS_PASSWORD (the new one),
 * and REDIS_OTHER_PASSWORD, which may be missing.
 *
 * @throws {Error} with all problems, one on each line, when a variable is wrong.
 */
export function readAdmissionConfig(env: NodeJS.ProcessEnv): AdmissionConfig {
  const problems: string[] = [];
  const nodes = readNodes(env, "REDIS_NODES", problems);
  if (!env.REDIS_PASSWORD) problems.push("REDIS_PASSWORD: it must be set");
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return {
    nodes,
    username: usernameOf(env),
    password: env.REDIS_PASSWORD ?? "",
    otherPassword: env.REDIS_OTHER_PASSWORD || undefined,
  };
}

/** A variable with a whole number. @returns `min`, and adds to `problems`, when it is none or out of its range */
export function wholeNumberOf(
  env: NodeJS.ProcessEnv,
  name: string,
  min: number,
  max: number,
  problems: string[],
): number {
  const value = env[name] ?? "";
  if (/^\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  problems.push(`${name}: "${value}" must be a whole number from ${min} to ${max}`);
  return min;
}

/** A variable with nodes: `host:port`, separated by commas. Wrong parts are added to `problems`. */
export function readNodes(env: NodeJS.ProcessEnv, name: string, problems: string[]): NodeAddress[] {
  const nodes: NodeAddress[] = [];
  for (const part of (env[name] ?? "").split(",").filter((text) => text.trim() !== "")) {
    const [, host, port] = /^([^:@/\s]+):(\d{1,5})$/.exec(part.trim()) ?? [];
    if (host && Number(port) >= 1 && Number(port) <= 65_535) nodes.push({ host, port: Number(port) });
    else problems.push(`${name}: "${part}" must look like host:port; separate nodes by commas`);
  }
  return nodes;
}

/** The user of the nodes. */
export const usernameOf = (env: NodeJS.ProcessEnv): string => env.REDIS_USERNAME || "default";
