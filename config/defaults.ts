import type { RawConfig } from "./schema.ts";

/** Registry of the embedded cluster, as containerd and the Docker engine name it. */
export const embeddedRegistry = "localhost:5000";

const embedded: RawConfig = {
  cluster: { dnsAddress: "10.43.0.10" },
  registry: { address: embeddedRegistry },
  images: {
    node: `${embeddedRegistry}/breakwater/node:24`,
    nginx: `${embeddedRegistry}/breakwater/nginx:1.30`,
    redis: `${embeddedRegistry}/breakwater/redis:8.0`,
    postgres: `${embeddedRegistry}/breakwater/postgres:17`,
  },
  nginx: { serviceType: "NodePort", nodePort: 30080 },
  database: { runAsUser: 10001 },
};

const namedCluster: RawConfig = {
  images: {
    node: "docker.io/library/node:24-slim",
    nginx: "docker.io/library/nginx:1.30",
    redis: "docker.io/library/redis:8.0",
    postgres: "docker.io/library/postgres:17",
  },
  nginx: { serviceType: "ClusterIP" },
  // The user `postgres` of the official image.
  database: { runAsUser: 999 },
};

const everywhere: RawConfig = {
  cluster: {},
  registry: {},
  images: {},
  api: {
    replicas: 3,
    memory: "192 MiB",
    cpu: "1",
    cpuRequest: "100m",
    env: {},
    cacheTtlSeconds: 300,
    logLevel: "info",
    shutdownDelay: "3 s",
    shutdownTimeout: "15 s",
  },
  nginx: {
    replicas: 1,
    memory: "64 MiB",
    cpu: "1",
    cpuRequest: "100m",
    balance: "round-robin",
    hashKey: "$request_uri",
    keepalive: 32,
    workerConnections: 4096,
    connectTimeout: "2 s",
    timeout: "30 s",
    maxFails: 3,
    failTimeout: "5 s",
    maxBody: "10 MiB",
    accessLog: false,
  },
  redis: {
    shards: 3,
    replicasPerShard: 1,
    memory: "64 MiB",
    cpu: "500m",
    cpuRequest: "50m",
    storage: "256 MiB",
    nodeTimeout: "2 s",
  },
  database: { memory: "256 MiB", cpu: "1", cpuRequest: "100m", storage: "1 GiB" },
  loadtest: {
    connections: 32,
    durationSeconds: 10,
    warmupSeconds: 3,
    users: 1000,
    gates: {
      p99Ms: { light: 250, "cached-read": 250, mixed: 500 },
      errorRate: 0,
      minSamples: 1000,
      memoryPeak: 0.95,
      restarts: 0,
      oomKills: 0,
      podsReplaced: 0,
    },
  },
};

const poolDefaults: RawConfig = { weight: 1, backup: false };

/** `raw` laid over its defaults: objects key by key, everything else (lists too) as a whole. */
export function withDefaults(raw: RawConfig): RawConfig {
  const named = isObject(raw.cluster) && raw.cluster.kubeContext !== undefined;
  const merged = merge(merge(everywhere, named ? namedCluster : embedded), raw);
  if (
    isObject(merged.nginx) &&
    merged.nginx.serviceType !== "NodePort" &&
    !isGiven(raw, "nginx", "nodePort")
  ) {
    delete merged.nginx.nodePort;
  }
  if (isObject(merged.api) && Array.isArray(merged.api.pools)) {
    merged.api.pools = merged.api.pools.map((pool) => (isObject(pool) ? merge(poolDefaults, pool) : pool));
  }
  return merged;
}

function isGiven(raw: RawConfig, section: string, key: string): boolean {
  const given = raw[section];
  return isObject(given) && given[key] !== undefined;
}

function merge(below: RawConfig, above: RawConfig): RawConfig {
  const merged: RawConfig = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const lower = merged[key];
    merged[key] = isObject(lower) && isObject(value) ? merge(lower, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is RawConfig {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
