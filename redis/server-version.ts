import type { RedisServer } from "../config/sections/redis.ts";

/** The program of a node. */
export interface ServerVersion {
  name: RedisServer;
  /** Major, minor and patch version. */
  version: readonly [number, number, number];
}

/** Reads the reply to INFO server. Valkey also reports the version of Redis that its clients may expect. */
export function parseServerVersion(info: string): ServerVersion {
  const versionOf = (name: RedisServer) =>
    new RegExp(`^${name}_version:(\\d+)\\.(\\d+)\\.(\\d+)`, "m").exec(info);
  const valkey = versionOf("valkey");
  const [, ...parts] = valkey ?? versionOf("redis") ?? [];
  const [major = 0, minor = 0, patch = 0] = parts.map(Number);
  return { name: valkey === null ? "redis" : "valkey", version: [major, minor, patch] };
}

/** Whether the server knows moves of slots in one step. */
export function listsMigrations(server: ServerVersion): boolean {
  return server.name === "valkey" && isAtLeast(server, [9, 0, 0]);
}

/** Whether such moves can be relied on: before, they failed under writes (docs/decisions.md#moves-of-slots-in-one-step). */
export function movesInOneStep(server: ServerVersion): boolean {
  return server.name === "valkey" && isAtLeast(server, [9, 1, 2]);
}

function isAtLeast({ version }: ServerVersion, least: ServerVersion["version"]): boolean {
  const index = version.findIndex((part, place) => part !== least[place]);
  return index < 0 || (version[index] ?? 0) > (least[index] ?? 0);
}
