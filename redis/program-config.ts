import type { Credentials } from "./cluster-node.ts";
import type { NodeAddress } from "./node-connection.ts";
import type { Topology } from "./plan.ts";
import { parseRedisUsers, type UserRules } from "./redis-users.ts";

/** Settings of the controller. */
export interface ControllerConfig extends Topology {
  /** All nodes, in the order in which they become primaries. */
  nodes: NodeAddress[];
  credentials: Credentials;
  namespace: string;
  /** Name of the pod that this process runs in. */
  podName: string;
}

/** Settings of the program that waits for the controller. */
export interface AwaitConfig extends Topology {
  controllerUrl: string;
}

/** Nodes that get users, and logins with the right to give them. */
export interface UsersConfig {
  nodes: NodeAddress[];
  users: UserRules[];
  /** Password with which nodes log in at each other. */
  replicaPassword: string;
  /** Logins that the nodes may accept now. */
  logins: Credentials[];
}

/**
 * Reads the environment of the controller: REDIS_NODES (host:port, separated by commas), REDIS_SHARDS,
 * REDIS_REPLICAS_PER_SHARD, REDIS_USERNAME, REDIS_PASSWORD, POD_NAMESPACE and POD_NAME. The API parses REDIS_NODES in the same
 * way.
 *
 * @throws {Error} with all problems, one on each line, when a variable is wrong.
 */
export function readControllerConfig(env: NodeJS.ProcessEnv): ControllerConfig {
  const problems: string[] = [];
  const nodes = readNodes(env, "REDIS_NODES", problems);
  const topology = readTopology(env, problems);
  const needed = topology.shards * (1 + topology.replicasPerShard);
  if (problems.length === 0 && nodes.length !== needed) {
    const shape = `${topology.shards} shards of 1 + ${topology.replicasPerShard}`;
    problems.push(`REDIS_NODES: ${nodes.length} nodes are listed, ${shape} are ${needed}`);
  }
  const namespace = readSet(env, "POD_NAMESPACE", problems);
  const podName = readSet(env, "POD_NAME", problems);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const credentials = { username: usernameOf(env), password: env.REDIS_PASSWORD || undefined };
  return { nodes, credentials, ...topology, namespace, podName };
}

/**
 * Reads the environment of the Job that waits for the controller: REDIS_CONTROLLER_URL, REDIS_SHARDS and
 * REDIS_REPLICAS_PER_SHARD.
 *
 * @throws {Error} with all problems, one on each line, when a variable is wrong.
 */
export function readAwaitConfig(env: NodeJS.ProcessEnv): AwaitConfig {
  const problems: string[] = [];
  const topology = readTopology(env, problems);
  const controllerUrl = readSet(env, "REDIS_CONTROLLER_URL", problems).replace(/\/$/, "");
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return { controllerUrl, ...topology };
}

/**
 * Reads the environment of a Job that gives nodes their users: REDIS_NODES, REDIS_USERS (lines as in redis.conf),
 * REDIS_REPLICA_PASSWORD, REDIS_ADMIN_PASSWORD (the new one of the user `admin`); and the passwords in use, which may be missing:
 * REDIS_OTHER_PASSWORD of `admin`, and REDIS_DEFAULT_PASSWORD of `default` on nodes of earlier versions.
 *
 * @throws {Error} with all problems, one on each line, when a variable is wrong.
 */
export function readUsersConfig(env: NodeJS.ProcessEnv): UsersConfig {
  const problems: string[] = [];
  const nodes = readNodes(env, "REDIS_NODES", problems);
  const replicaPassword = readSet(env, "REDIS_REPLICA_PASSWORD", problems);
  const password = readSet(env, "REDIS_ADMIN_PASSWORD", problems);
  const users = readUsers(env, "REDIS_USERS", problems);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const logins = [
    { username: "admin", password: env.REDIS_OTHER_PASSWORD },
    { username: "admin", password },
    { username: "default", password: env.REDIS_DEFAULT_PASSWORD },
  ];
  return { nodes, users, replicaPassword, logins: logins.filter((login) => login.password) };
}

function readUsers(env: NodeJS.ProcessEnv, name: string, problems: string[]): UserRules[] {
  try {
    return parseRedisUsers(readSet(env, name, problems));
  } catch (error) {
    problems.push(`${name}: ${(error as Error).message}`);
    return [];
  }
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

function readTopology(env: NodeJS.ProcessEnv, problems: string[]): Topology {
  const integer = (name: string, min: number, max: number) => wholeNumberOf(env, name, min, max, problems);
  const shards = integer("REDIS_SHARDS", 1, 1000);
  return { shards, replicasPerShard: integer("REDIS_REPLICAS_PER_SHARD", 0, 5) };
}

function readSet(env: NodeJS.ProcessEnv, name: string, problems: string[]): string {
  if (!env[name]) problems.push(`${name}: it must be set`);
  return env[name] ?? "";
}

/** The user of the nodes. */
export const usernameOf = (env: NodeJS.ProcessEnv): string => env.REDIS_USERNAME || "default";
