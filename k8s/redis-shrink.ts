import { redisMaxmemory } from "../config/memory.ts";
import type { Problem } from "../config/problem.ts";
import type { RedisConfig } from "../config/sections/redis.ts";
import { MiB } from "../config/units.ts";
import { type CacheSize, controllerName, controllerPort } from "../contract/redis-controller.ts";
import { type ClusterReader, pathOf } from "./cluster-reader.ts";

const timeoutMs = 5_000;

/**
 * What speaks against fewer shards: data that has no room in them. The controller refuses them too, but only in `pulumi up`. A
 * controller that cannot be asked speaks against nothing.
 */
export async function shrinkProblems(
  cluster: Pick<ClusterReader, "getJson">,
  namespace: string,
  { shards, memory }: Pick<RedisConfig, "shards" | "memory">,
): Promise<Problem[]> {
  const path = `${pathOf("services", namespace, `${controllerName}:${controllerPort}`)}/proxy/status`;
  const status = await cluster.getJson<{ size?: CacheSize }>(path, timeoutMs).catch(() => undefined);
  if (status?.size === undefined || shards >= status.size.shards) return [];
  const { dataBytes, overheadBytes } = status.size;
  const room = shards * Math.max(0, redisMaxmemory(memory) - overheadBytes);
  if (dataBytes <= room) return [];
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / MiB)} MiB`;
  return [
    {
      path: "redis.shards",
      value: shards,
      rule: `has room for ${mebibytes(room)} with redis.memory ${mebibytes(memory)}, and the cache has ${mebibytes(dataBytes)} of data`,
      fix: "choose more shards, or more memory first: pulumi config set --path redis.memory",
    },
  ];
}
