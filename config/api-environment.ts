import type { RedisUser } from "../contract/redis-users.ts";
import { heapMiB, heapSnapshotsKept } from "./memory.ts";
import type { Bytes, Milliseconds } from "./units.ts";

/** Everything that the variables of the API's containers depend on: options of `api`, and facts of the deployment. */
export interface ApiEnvironmentInput {
  memory: Bytes;
  workers: number | "max";
  cacheTtlSeconds: number;
  logLevel: string;
  shutdownDelay: Milliseconds;
  shutdownTimeout: Milliseconds;
  uploadMax: Bytes;
  uploadVolume?: Bytes;
  /** Port for requests. */
  port: number;
  /** Port for probes and metrics. */
  internalPort: number;
  /** Certificates in PEM form for the connections to the database. */
  databaseCa?: string;
  /** Connections of each pod to the database; absent: there is none. */
  databasePoolSize?: number | undefined;
  /** `host:port` of every Redis pod. */
  redisNodes: readonly string[];
  /** Mount path of the volume for heap snapshots. */
  snapshotFolder: string;
  /** Mount path of the volume for uploads, if there is such a volume. */
  uploadFolder: string;
  /** Files of the passwords that are in use, by variable. */
  passwordFiles: { DATABASE_PASSWORD_FILE: string | undefined; INTERNAL_TOKEN_FILE: string };
}

/** The API's user of Redis. */
export const apiRedisUser: RedisUser = "api";

/** Begins all keys of the API's cache. */
export const cachePrefix = "bw:";

/** One variable that the stack sets, or that `api.env` may not set for another reason. */
export interface StackVariable {
  /** The option that the value comes from; absent when the stack itself chooses the value. */
  setBy?: string;
  /** The value, when it is no secret and known before deployment; undefined: the variable is not set. */
  value?: (input: ApiEnvironmentInput) => string | number | undefined;
}

/**
 * Every variable of the API's containers that `api.env` may not set. Those with a value are in the pod template in
 * this order. k8s/ adds the pod's name and puts the secrets into a Secret.
 */
export const stackVariables = {
  POD_NAME: {},
  PORT: { value: ({ port }) => port },
  INTERNAL_PORT: { value: ({ internalPort }) => internalPort },
  NODE_OPTIONS: { setBy: "api.memory", value: ({ memory }) => `--max-old-space-size=${heapMiB(memory)}` },
  REDIS_NODES: { setBy: "redis.shards", value: ({ redisNodes }) => redisNodes.join(",") },
  REDIS_USERNAME: { value: () => apiRedisUser },
  CACHE_TTL_SECONDS: { setBy: "api.cacheTtlSeconds", value: ({ cacheTtlSeconds }) => cacheTtlSeconds },
  CACHE_PREFIX: { value: () => cachePrefix },
  SHUTDOWN_DELAY_MS: { setBy: "api.shutdownDelay", value: ({ shutdownDelay }) => shutdownDelay },
  SHUTDOWN_TIMEOUT_MS: { setBy: "api.shutdownTimeout", value: ({ shutdownTimeout }) => shutdownTimeout },
  LOG_LEVEL: { setBy: "api.logLevel", value: ({ logLevel }) => logLevel },
  WORKERS: { setBy: "api.workers", value: ({ workers }) => workers },
  HEAP_SNAPSHOT_DIR: { value: ({ snapshotFolder }) => snapshotFolder },
  HEAP_SNAPSHOT_KEEP: { value: () => heapSnapshotsKept },
  UPLOAD_MAX_BYTES: { setBy: "api.uploadMax", value: ({ uploadMax }) => uploadMax },
  UPLOAD_DIR: {
    setBy: "api.uploadVolume",
    value: ({ uploadVolume, uploadFolder }) => (uploadVolume === undefined ? undefined : uploadFolder),
  },
  UPLOAD_DIR_BYTES: { setBy: "api.uploadVolume", value: ({ uploadVolume }) => uploadVolume },
  DATABASE_CA: { setBy: "database.ca", value: ({ databaseCa }) => databaseCa },
  DATABASE_POOL_SIZE: { setBy: "database.poolSize", value: ({ databasePoolSize }) => databasePoolSize },
  DATABASE_PASSWORD_FILE: { value: ({ passwordFiles }) => passwordFiles.DATABASE_PASSWORD_FILE },
  INTERNAL_TOKEN_FILE: { value: ({ passwordFiles }) => passwordFiles.INTERNAL_TOKEN_FILE },
  // These are secrets.
  INTERNAL_TOKEN: {},
  DATABASE_URL: { setBy: "database.url" },
  REDIS_PASSWORD: {},
  // These two keep the API's defaults, which fit a Redis Cluster only.
  REDIS_MODE: {},
  REDIS_DATABASE: {},
} as const satisfies Readonly<Record<string, StackVariable>>;

/** A variable with a value that is no secret. */
export interface EnvironmentVariable {
  name: string;
  value: string;
}

/** The variables of the API's containers that are no secrets and known before deployment, in their order. */
export function apiEnvironment(input: ApiEnvironmentInput): EnvironmentVariable[] {
  return Object.entries<StackVariable>(stackVariables).flatMap(([name, { value }]) => {
    const given = value?.(input);
    return given === undefined ? [] : [{ name, value: String(given) }];
  });
}
