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
    memory: "256 MiB",
    cpu: "1",
    cpuRequest: "100m",
    workers: 1,
    uploadMax: "1 GiB",
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
    durationSeconds: 6,
    warmupSeconds: 2,
    users: 1000,
    threads: 1,
    scenarios: {
      light: { about: "GET /api/light: the stack's own overhead", mix: { light: 1 } },
      "cached-read": { about: "GET /api/users/:id, Zipf keys, through the cache", mix: { read: 1 } },
      "write-mix": {
        about: "50 % cached reads, 40 % light, 10 % writes",
        mix: { light: 40, read: 50, write: 10 },
      },
      "heavy-mix": {
        about: "80 % light, 18 % cached reads, 2 % CPU-heavy",
        mix: { light: 80, read: 18, heavy: 2 },
      },
      writes: { about: "PUT /api/users/:id only", mix: { write: 1 } },
      upload: { about: "POST /api/upload of 256 KiB", mix: { upload: 1 } },
    },
    gates: [],
  },
};

const poolDefaults: RawConfig = { weight: 1, backup: false };
const scenarioDefaults: RawConfig = {
  enabled: true,
  mix: { light: 0, read: 0, write: 0, heavy: 0, upload: 0 },
};

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
  if (isObject(merged.loadtest)) {
    const { scenarios } = merged.loadtest;
    if (isObject(scenarios)) {
      merged.loadtest.scenarios = Object.fromEntries(
        Object.entries(scenarios).map(([name, given]) => [
          name,
          isObject(given) ? merge(scenarioDefaults, given) : given,
        ]),
      );
    }
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
