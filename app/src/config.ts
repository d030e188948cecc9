import os from "node:os";

/** What the API is told by its environment. */
export interface AppConfig {
  /** Public port, behind Nginx. */
  port: number;
  /** Port of probes and metrics, for the cluster only. */
  internalPort: number;
  podName: string;
  logLevel: string;
  database: { url: string; poolSize: number };
  cache: CacheConfig;
  heavy: HeavyConfig;
  shutdown: { delayMs: number; timeoutMs: number };
  /** Routes that break the process on purpose. */
  faultLab: boolean;
}

export interface CacheConfig {
  /** Some nodes of the Redis Cluster; none: every read bypasses the cache. */
  nodes: { host: string; port: number }[];
  username: string;
  password: string | undefined;
  ttlSeconds: number;
  /** In front of every key. */
  prefix: string;
  /** Longest wait for one command before the request goes on without the cache. */
  timeoutMs: number;
}

export interface HeavyConfig {
  threads: number;
  /** Tasks that may wait for a thread; one more is refused. */
  queue: number;
  /** From being queued to the answer. */
  timeoutMs: number;
}

/** Everything that is wrong with the environment, a line each. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The environment has ${problems.length} problem(s):\n${problems.map((line) => `  ${line}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"];
const maxDelayMs = 3_600_000;

/**
 * Reads and checks the environment. An empty variable counts as missing.
 *
 * @throws {ConfigError} with all problems at once; values that may hold a password are not repeated.
 */
export function readConfig(env: NodeJS.ProcessEnv): AppConfig {
  const problems: string[] = [];
  const text = (name: string, fallback: string) => env[name] || fallback;
  const integer = (name: string, fallback: number, min: number, max: number) => {
    const value = env[name] || String(fallback);
    if (/^\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    problems.push(`${name}: "${value}" must be a whole number from ${min} to ${max}`);
    return fallback;
  };
  const oneOf = (name: string, values: readonly string[], fallback: string) => {
    const value = text(name, fallback);
    if (!values.includes(value)) problems.push(`${name}: "${value}" must be one of ${values.join(", ")}`);
    return value;
  };

  const config: AppConfig = {
    port: integer("PORT", 3000, 1, 65_535),
    internalPort: integer("INTERNAL_PORT", 9000, 1, 65_535),
    podName: text("POD_NAME", os.hostname()),
    logLevel: oneOf("LOG_LEVEL", logLevels, "info"),
    database: {
      url: databaseUrl(env.DATABASE_URL, problems),
      poolSize: integer("DATABASE_POOL_SIZE", 10, 1, 1000),
    },
    cache: {
      nodes: redisNodes(env.REDIS_NODES ?? "", problems),
      username: text("REDIS_USERNAME", "default"),
      password: env.REDIS_PASSWORD || undefined,
      ttlSeconds: integer("CACHE_TTL_SECONDS", 300, 1, 30 * 86_400),
      prefix: text("CACHE_PREFIX", "bw:"),
      timeoutMs: integer("CACHE_TIMEOUT_MS", 200, 1, 60_000),
    },
    heavy: {
      threads: integer("HEAVY_THREADS", 1, 1, 64),
      queue: integer("HEAVY_QUEUE", 64, 1, 100_000),
      timeoutMs: integer("HEAVY_TIMEOUT_MS", 10_000, 1, maxDelayMs),
    },
    shutdown: {
      delayMs: integer("SHUTDOWN_DELAY_MS", 3000, 0, maxDelayMs),
      timeoutMs: integer("SHUTDOWN_TIMEOUT_MS", 15_000, 1, maxDelayMs),
    },
    faultLab: oneOf("FAULT_LAB", ["0", "1"], "0") === "1",
  };
  if (config.port === config.internalPort) {
    problems.push(`INTERNAL_PORT: "${config.internalPort}" must differ from PORT`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function databaseUrl(value: string | undefined, problems: string[]): string {
  const url = value && URL.canParse(value) ? new URL(value) : undefined;
  if (url && /^postgres(ql)?:$/.test(url.protocol) && url.hostname && url.pathname.length > 1)
    return value ?? "";
  const found = value ? "what is set" : "nothing is set; it";
  problems.push(`DATABASE_URL: ${found} must look like postgres://user:password@host:5432/database`);
  return "";
}

function redisNodes(value: string, problems: string[]): CacheConfig["nodes"] {
  const nodes: CacheConfig["nodes"] = [];
  for (const address of value.split(",").map((part) => part.trim())) {
    if (address === "") continue;
    const [, host, port] = /^([^:@/\s]+):(\d{1,5})$/.exec(address) ?? [];
    if (host && Number(port) >= 1 && Number(port) <= 65_535) nodes.push({ host, port: Number(port) });
    else problems.push(`REDIS_NODES: "${address}" must look like host:port; separate nodes by commas`);
  }
  return nodes;
}
