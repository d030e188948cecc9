import { type StackVariable, stackVariables } from "./api-environment.ts";

/** What a variable of `api.contract.env` can have as its value. */
export const stackValues = [
  "databaseUrl",
  "databaseHost",
  "databasePort",
  "databaseUser",
  "databasePassword",
  "databaseName",
  "redisUrl",
  "redisNodes",
  "redisNode",
  "redisHost",
  "redisPort",
  "redisUser",
  "redisPassword",
] as const;

/** What a variable of `api.contract.env` can have as its value. */
export type StackValue = (typeof stackValues)[number];

/** Where an API reaches its database and its Redis, and as whom. */
export interface Services {
  /** With user and password; absent: there is no database. */
  databaseUrl?: string | undefined;
  /** `host:port` of every Redis pod. */
  redisNodes: readonly string[];
  redisUser: string;
  redisPassword: string;
}

/** Variables that the stack sets in any case to such a value. */
const defaults: Readonly<Record<string, StackValue>> = {
  DATABASE_URL: "databaseUrl",
  REDIS_NODES: "redisNodes",
  REDIS_USERNAME: "redisUser",
  REDIS_PASSWORD: "redisPassword",
};

/**
 * Why `api.contract.env` may not set a variable to a value.
 *
 * @returns the option that sets the variable, or `the stack itself`; undefined when it may
 */
export function setterOf(name: string, value: StackValue): string | undefined {
  if (!Object.hasOwn(stackVariables, name) || defaults[name] === value) return undefined;
  return (stackVariables as Record<string, StackVariable>)[name]?.setBy ?? "the stack itself";
}

/** The names of `api.contract.env` that are not set in any case. */
export function ownNames(env: Readonly<Record<string, StackValue>>): [name: string, value: StackValue][] {
  return Object.entries(env).filter(([name]) => !Object.hasOwn(stackVariables, name));
}

/** One value of the stack; of the database: empty when there is none. Texts are as a program needs them, without the percent-encoding of a URL. */
export function stackValueOf(value: StackValue, services: Services): string {
  const { databaseUrl = "", redisNodes, redisUser, redisPassword } = services;
  const [node = ""] = redisNodes;
  const database = databaseUrl === "" ? undefined : partsOf(databaseUrl);
  const colon = node.lastIndexOf(":");
  const values: Record<StackValue, string> = {
    databaseUrl,
    databaseHost: database?.host ?? "",
    databasePort: database?.port ?? "",
    databaseUser: database?.user ?? "",
    databasePassword: database?.password ?? "",
    databaseName: database?.name ?? "",
    redisUrl: `redis://${encodeURIComponent(redisUser)}:${encodeURIComponent(redisPassword)}@${node}`,
    redisNodes: redisNodes.join(","),
    redisNode: node,
    redisHost: node.slice(0, colon),
    redisPort: node.slice(colon + 1),
    redisUser,
    redisPassword,
  };
  return values[value];
}

/**
 * The parts of a URL of PostgreSQL; empty where it has none. A parameter of the URL goes before its own part, as in the API's
 * PostgreSQL client.
 *
 * @throws {URIError} on escapes that are no UTF-8
 */
export function partsOf(url: string): Record<"host" | "port" | "user" | "password" | "name", string> {
  const { hostname, username, password, pathname, searchParams } = new URL(url);
  const part = (name: string, own: string) => searchParams.get(name) || decodeURIComponent(own);
  return {
    host: part("host", hostname.replace(/^\[|\]$/g, "")),
    port: portOf(url),
    user: part("user", username),
    password: part("password", password),
    name: decodeURIComponent(pathname.slice(1)),
  };
}

/** Port of a URL of PostgreSQL. */
export function portOf(url: string): string {
  const { port, searchParams } = new URL(url);
  return searchParams.get("port") || port || "5432";
}
