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

/** First versions with moves of slots in one step, and first ones on which they can be relied on: before, moves failed or lost slots. */
const inOneStep: Record<
  RedisServer,
  { known: ServerVersion["version"]; reliable: ServerVersion["version"] }
> = {
  valkey: { known: [9, 0, 0], reliable: [9, 1, 2] },
  redis: { known: [8, 4, 0], reliable: [8, 4, 1] },
};

/** The command that lists moves of slots in one step; undefined when the server does not know such moves. */
export function migrationsCommand(server: ServerVersion): string[] | undefined {
  if (!isAtLeast(server, inOneStep[server.name].known)) return undefined;
  return ["CLUSTER", ...(server.name === "valkey" ? ["GETSLOTMIGRATIONS"] : ["MIGRATION", "STATUS", "ALL"])];
}

/** Whether such moves can be relied on (docs/decisions.md#moves-of-slots-in-one-step). */
export function movesInOneStep(server: ServerVersion): boolean {
  return isAtLeast(server, inOneStep[server.name].reliable);
}

function isAtLeast({ version }: ServerVersion, least: ServerVersion["version"]): boolean {
  const index = version.findIndex((part, place) => part !== least[place]);
  return index < 0 || (version[index] ?? 0) > (least[index] ?? 0);
}
