import { section } from "../options/collections.ts";
import type { ValueOf } from "../options/option.ts";
import { duration, flag, integer, oneOf, size } from "../options/scalars.ts";
import { container } from "./container.ts";
import { pod } from "./pod.ts";

/** Mount paths of the volumes of the Redis pods, by name. */
export const redisVolumes = { data: "/data", conf: "/etc/redis", passwords: "/var/lib/passwords" } as const;

/** Servers that the pods of the Redis Cluster can run. */
export const redisServers = ["redis", "valkey"] as const;
/** A server that the pods of the Redis Cluster can run. */
export type RedisServer = (typeof redisServers)[number];

/** The Redis Cluster that the API uses as its cache. */
export const redis = section("The Redis Cluster that the API uses as its cache.", {
  server: oneOf(redisServers, { default: "redis", doc: "The server: Redis 8, or Valkey 9. On a running stack, it changes only together with `redis.volumeGeneration`, because neither reads the files of the other: [redis.md](redis.md#valkey)." }),
  shards: integer({ min: 1, max: 100, default: 3, doc: "Number of primaries that share the keys: 3 or more, or 1 for a single node, with `redis.replicasPerShard` 0. On a running stack, slots and keys move to new shards, and away from shards that leave: [redis.md](redis.md)." }),
  replicasPerShard: integer({ min: 0, max: 5, default: 1, doc: "Number of replicas of each primary; it may change on a running stack, too. It takes three primaries to elect a replica in the place of one that failed." }),
  ...container({ minMemory: "32 MiB", memory: "64 MiB", cpu: "500m", cpuRequest: "50m", memoryDoc: " Redis' `maxmemory` is 60 % of what remains after 12 MiB." }),
  storage: size({ min: "16 MiB", default: "256 MiB", doc: "Volume of each Redis pod; at least twice `redis.memory`. A larger size makes the volumes grow if their storage class allows it; all else is refused, and `redis.volumeGeneration` makes new volumes." }),
  volumeGeneration: integer({ min: 1, max: 9999, default: 1, doc: "Number of the volumes. Another number replaces the pods and makes new, empty volumes: the way to another storage class or to fewer bytes. The cache is lost." }),
  nodeTimeout: duration({ min: "500 ms", max: "1 min", default: "2 s", doc: "Time without a reply after which a node counts as failed." }),
  passwordVersion: integer({ min: 1, max: 2 ** 31 - 1, default: 1, doc: "Another number gives all users of Redis other generated passwords, in one `pulumi up` and without a failed request: [rotation.md](rotation.md)." }),
  podMonitor: flag({ default: false, doc: "Whether to create a PodMonitor for the metrics of the Redis controller: [redis.md](redis.md#the-controller). Needs the CustomResourceDefinition of the Prometheus operator in the cluster. Without it, Prometheus finds the pod by its annotations `prometheus.io/scrape`." }),
  pod: pod(redisVolumes),
});

/** The Redis Cluster that the API uses as its cache. */
export type RedisConfig = ValueOf<typeof redis>;
