import { hostname } from "node:os";
import { type Static, Type } from "@sinclair/typebox";
import { integer, oneOf, readEnvironment, text } from "./environment.ts";
import { parseRedisNodes, type RedisNode } from "./redis-nodes.ts";

const maxDelayMs = 3_600_000;
const MiB = 1024 ** 2;
/** A URL that pg reads as it is meant: no character of user or password ends them early. config/ has the same pattern. */
export const databaseUrlPattern =
  "^postgres(ql)?://(?:(?:[^\\s/?#@:%]|%[0-9A-Fa-f]{2})+(?::(?:[^\\s/?#%]|%[0-9A-Fa-f]{2})*)?@)?(?:\\[[0-9A-Fa-f:.]+\\]|(?:[^\\s/?#@:%[\\]]|%[0-9A-Fa-f]{2})+)(?::[0-9]{1,5})?/[^\\s/?#@]+(?:\\?[^\\s#]*)?$";

/*
 * Every variable that the API reads, in groups. Times are in milliseconds unless the name says otherwise, sizes in bytes.
 * docs/api.md explains them.
 */
const Http = {
  PORT: integer(3000, 1, 65_535),
  /** Probes, metrics and the operator's routes; reachable inside the cluster only. */
  INTERNAL_PORT: integer(9000, 1, 65_535),
  /** Protects the operator's routes; if unset, all of them are refused. */
  INTERNAL_TOKEN: text({
    pattern: "^[\\x21-\\x7e]{16,}$",
    rule: "have at least 16 visible characters",
    secret: true,
  }),
  /** File with a second valid token. It is read at each request, because a rotation of the token changes it. */
  INTERNAL_TOKEN_FILE: text(),
  POD_NAME: text({ default: hostname() }),
  LOG_LEVEL: oneOf("info", "trace", "debug", "warn", "error", "fatal"),
  BODY_LIMIT_BYTES: integer(MiB, 1, 1024 * MiB),
};
const Database = {
  DATABASE_URL: text({
    default: "",
    pattern: databaseUrlPattern,
    rule: "look like postgres://user:password@host:5432/database, with / ? # % and spaces in user and password percent-encoded (# as %23)",
    secret: true,
  }),
  /** Certificates in PEM form that the server's certificate is checked against. */
  DATABASE_CA: text({
    pattern: "^\\s*-----BEGIN CERTIFICATE-----[\\s\\S]*-----END CERTIFICATE-----\\s*$",
    rule: "be certificates in PEM form",
  }),
  /** File with the password that is tried before the URL's. A rotation of the password changes it. */
  DATABASE_PASSWORD_FILE: text(),
  DATABASE_POOL_SIZE: integer(10, 1, 1000),
};
const Cache = {
  REDIS_MODE: oneOf("cluster", "single"),
  REDIS_NODES: text({ default: "" }),
  REDIS_USERNAME: text({ default: "default" }),
  REDIS_PASSWORD: text({ secret: true }),
  /** Database number of a single Redis; a cluster has only database 0. */
  REDIS_DATABASE: integer(0, 0, 15),
  REDIS_CONNECT_TIMEOUT_MS: integer(1000, 10, 60_000),
  REDIS_KEEP_ALIVE_MS: integer(5000, 100, maxDelayMs),
  CACHE_PREFIX: text({ default: "bw:" }),
  CACHE_TTL_SECONDS: integer(300, 1, 30 * 86_400),
  /** Time after its expiry for which a value may be served while the origin fails. */
  CACHE_STALE_SECONDS: integer(3600, 0, 30 * 86_400),
  CACHE_TIMEOUT_MS: integer(200, 1, 60_000),
  /** Size limit of the values kept in the process; 0 keeps none. */
  CACHE_LOCAL_BYTES: integer(8 * MiB, 0, 1024 * MiB),
  CACHE_BREAKER_FAILURES: integer(3, 1, 1000),
  CACHE_BREAKER_PAUSE_MS: integer(1000, 10, 60_000),
};
const CpuPool = {
  /** `auto`: one for each whole core of the CPU quota, at least one. */
  HEAVY_THREADS: text({
    default: "auto",
    pattern: "^(auto|[1-9]|[1-5][0-9]|6[0-4])$",
    rule: "be auto, or a whole number from 1 to 64",
  }),
  HEAVY_QUEUE: integer(64, 1, 100_000),
  HEAVY_TIMEOUT_MS: integer(10_000, 1, maxDelayMs),
};
const Workers = {
  /** Processes that serve requests; `max`: as many as CPU quota and memory limit allow. */
  WORKERS: text({
    default: "1",
    pattern: "^(max|[1-9]|[1-5][0-9]|6[0-4])$",
    rule: "be max, or a whole number from 1 to 64",
  }),
  WORKER_RESTART_DELAY_MS: integer(500, 0, maxDelayMs),
  WORKER_MIN_UPTIME_MS: integer(5000, 0, maxDelayMs),
  WORKER_MAX_RESTARTS: integer(10, 0, 1000),
  WORKER_LISTEN_TIMEOUT_MS: integer(10_000, 100, maxDelayMs),
  /** Resident memory at which a worker is replaced; 0: derived from the memory limit. */
  WORKER_MAX_MEMORY_BYTES: integer(0, 0, 1024 * 1024 * MiB),
};
const Memory = {
  MEMORY_INTERVAL_MS: integer(5000, 100, maxDelayMs),
  MEMORY_SAMPLES: integer(100, 10, 10_000),
  /** Folder for heap snapshots; if unset, none are taken. */
  HEAP_SNAPSHOT_DIR: text(),
  HEAP_SNAPSHOT_KEEP: integer(3, 1, 100),
  /** Routes that leak on purpose. */
  LEAK_LAB: oneOf("0", "1"),
};
const Upload = {
  /** Folder for uploads; if unset, they are read, hashed and discarded. */
  UPLOAD_DIR: text(),
  /** Maximum total size of all kept uploads; 0: limited by the disk only. */
  UPLOAD_DIR_BYTES: integer(0, 0, 1024 * 1024 * MiB),
  UPLOAD_MAX_BYTES: integer(4096 * MiB, 1, 1024 * 1024 * MiB),
  UPLOAD_MAX_FILES: integer(8, 1, 1000),
};
const Shedding = {
  /** Event-loop delay from which requests are refused; 0: never. */
  SHED_EVENT_LOOP_DELAY_MS: integer(500, 0, 60_000),
  /** Share of the memory limit from which requests are refused; 0: never. */
  SHED_MEMORY_PERCENT: integer(92, 0, 100),
};
const Shutdown = {
  SHUTDOWN_DELAY_MS: integer(3000, 0, maxDelayMs),
  SHUTDOWN_TIMEOUT_MS: integer(15_000, 1, maxDelayMs),
};
/** Routes that break the process on purpose. */
const Lab = { FAULT_LAB: oneOf("0", "1") };

/** All variables together; docs/api.md lists them. */
export const Environment = Type.Object({
  ...Http,
  ...Database,
  ...Cache,
  ...CpuPool,
  ...Workers,
  ...Memory,
  ...Upload,
  ...Shedding,
  ...Shutdown,
  ...Lab,
});

/** Configuration of the API, parsed from its environment. */
export type AppConfig = ReturnType<typeof toConfig>;
/** Settings of the cache and its Redis connection. */
export type CacheConfig = AppConfig["cache"];
/** Settings of the worker threads. */
export type CpuPoolConfig = AppConfig["cpuPool"];
/** Settings of the memory monitor and its heap snapshots. */
export type MemoryConfig = AppConfig["memory"];
/** Settings of the upload route. */
export type UploadConfig = AppConfig["upload"];

/** The environment is invalid. The message lists every problem on a line of its own. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The environment has ${problems.length} problem(s):\n${problems.map((line) => `  ${line}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

/**
 * Reads and checks the environment. An empty variable counts as missing.
 *
 * @throws {EnvironmentError} when a variable is invalid, with all problems at once; values that may hold a password are not repeated.
 */
export function readConfig(env: NodeJS.ProcessEnv): AppConfig {
  const problems: string[] = [];
  const read = readEnvironment(Environment, env, problems);
  const nodes = parseRedisNodes(read.REDIS_NODES, problems);
  if (read.PORT === read.INTERNAL_PORT)
    problems.push(`INTERNAL_PORT: "${read.INTERNAL_PORT}" must differ from PORT`);
  if (read.REDIS_MODE === "single" && nodes.length > 1)
    problems.push(`REDIS_NODES: names ${nodes.length} nodes; with REDIS_MODE=single it must name one`);
  if (read.REDIS_MODE === "cluster" && read.REDIS_DATABASE > 0)
    problems.push(
      `REDIS_DATABASE: "${read.REDIS_DATABASE}" must be 0 in a cluster; or set REDIS_MODE=single`,
    );
  if (problems.length > 0) throw new EnvironmentError(problems);
  return toConfig(read, nodes);
}

function toConfig(read: Static<typeof Environment>, nodes: RedisNode[]) {
  return {
    port: read.PORT,
    internalPort: read.INTERNAL_PORT,
    internalToken: read.INTERNAL_TOKEN,
    internalTokenFile: read.INTERNAL_TOKEN_FILE,
    podName: read.POD_NAME,
    logLevel: read.LOG_LEVEL,
    bodyLimitBytes: read.BODY_LIMIT_BYTES,
    database: {
      url: read.DATABASE_URL,
      ca: read.DATABASE_CA,
      passwordFile: read.DATABASE_PASSWORD_FILE,
      poolSize: read.DATABASE_POOL_SIZE,
    },
    cache: {
      mode: read.REDIS_MODE,
      // If empty, every read bypasses Redis.
      nodes,
      username: read.REDIS_USERNAME,
      password: read.REDIS_PASSWORD,
      database: read.REDIS_DATABASE,
      connectTimeoutMs: read.REDIS_CONNECT_TIMEOUT_MS,
      keepAliveMs: read.REDIS_KEEP_ALIVE_MS,
      ttlSeconds: read.CACHE_TTL_SECONDS,
      staleSeconds: read.CACHE_STALE_SECONDS,
      prefix: read.CACHE_PREFIX,
      timeoutMs: read.CACHE_TIMEOUT_MS,
      localBytes: read.CACHE_LOCAL_BYTES,
      breaker: { failures: read.CACHE_BREAKER_FAILURES, pauseMs: read.CACHE_BREAKER_PAUSE_MS },
    },
    cpuPool: {
      threads: countOr("auto", read.HEAVY_THREADS),
      queue: read.HEAVY_QUEUE,
      timeoutMs: read.HEAVY_TIMEOUT_MS,
    },
    workers: {
      count: countOr("max", read.WORKERS),
      restartDelayMs: read.WORKER_RESTART_DELAY_MS,
      minUptimeMs: read.WORKER_MIN_UPTIME_MS,
      maxRestarts: read.WORKER_MAX_RESTARTS,
      listenTimeoutMs: read.WORKER_LISTEN_TIMEOUT_MS,
      // Time from the request to leave until SIGKILL: the drain and 3 s of reserve.
      killTimeoutMs: read.SHUTDOWN_DELAY_MS + read.SHUTDOWN_TIMEOUT_MS + 3000,
      maxMemoryBytes: read.WORKER_MAX_MEMORY_BYTES,
    },
    memory: {
      intervalMs: read.MEMORY_INTERVAL_MS,
      samples: read.MEMORY_SAMPLES,
      snapshotDir: read.HEAP_SNAPSHOT_DIR,
      snapshotsKept: read.HEAP_SNAPSHOT_KEEP,
      leakLab: read.LEAK_LAB === "1",
    },
    upload: {
      dir: read.UPLOAD_DIR,
      // Undefined means limited by the disk only.
      dirBytes: read.UPLOAD_DIR_BYTES || undefined,
      maxBytes: read.UPLOAD_MAX_BYTES,
      maxFiles: read.UPLOAD_MAX_FILES,
    },
    shedding: { eventLoopDelayMs: read.SHED_EVENT_LOOP_DELAY_MS, memoryPercent: read.SHED_MEMORY_PERCENT },
    shutdown: { delayMs: read.SHUTDOWN_DELAY_MS, timeoutMs: read.SHUTDOWN_TIMEOUT_MS },
    faultLab: read.FAULT_LAB === "1",
  };
}

function countOr<Word extends string>(word: Word, value: string): Word | number {
  return value === word ? word : Number(value);
}
