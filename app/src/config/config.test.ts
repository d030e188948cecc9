import assert from "node:assert/strict";
import { test } from "node:test";
import { EnvironmentError, readConfig } from "./config.ts";

const url = "postgres://bw:secret@database:5432/breakwater";

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig({ DATABASE_URL: url, ...env });
  } catch (error) {
    assert.ok(error instanceof EnvironmentError);
    return error.problems;
  }
  return [];
}

test("readConfig needs no variable but the database's URL", () => {
  const config = readConfig({ DATABASE_URL: url, POD_NAME: "api-1" });
  assert.deepEqual(config, {
    port: 3000,
    internalPort: 9000,
    internalToken: undefined,
    internalTokenFile: undefined,
    podName: "api-1",
    logLevel: "info",
    bodyLimitBytes: 1_048_576,
    database: { url, ca: undefined, passwordFile: undefined, poolSize: 10 },
    cache: {
      mode: "cluster",
      nodes: [],
      username: "default",
      password: undefined,
      database: 0,
      connectTimeoutMs: 1000,
      keepAliveMs: 5000,
      ttlSeconds: 300,
      staleSeconds: 3600,
      prefix: "bw:",
      timeoutMs: 200,
      localBytes: 8_388_608,
      breaker: { failures: 3, pauseMs: 1000 },
    },
    cpuPool: { threads: "auto", queue: 64, timeoutMs: 10_000 },
    workers: {
      count: 1,
      restartDelayMs: 500,
      minUptimeMs: 5000,
      maxRestarts: 10,
      listenTimeoutMs: 10_000,
      killTimeoutMs: 21_000,
      maxMemoryBytes: 0,
    },
    memory: { intervalMs: 5000, samples: 100, snapshotDir: undefined, snapshotsKept: 3, leakLab: false },
    upload: { dir: undefined, dirBytes: undefined, maxBytes: 4_294_967_296, maxFiles: 8 },
    shedding: { eventLoopDelayMs: 500, memoryPercent: 92 },
    shutdown: { delayMs: 3000, timeoutMs: 15_000 },
    faultLab: false,
  });
});

test("readConfig splits REDIS_NODES into addresses", () => {
  const { cache } = readConfig({ DATABASE_URL: url, REDIS_NODES: "redis-0.redis:6379, [fd00::1]:6380," });
  assert.deepEqual(cache.nodes, [
    { host: "redis-0.redis", port: 6379 },
    { host: "fd00::1", port: 6380 },
  ]);
});

test("readConfig reports all problems at once", () => {
  assert.deepEqual(
    problemsOf({
      DATABASE_URL: "",
      PORT: "abc",
      LOG_LEVEL: "loud",
      REDIS_NODES: "redis-0",
      CACHE_TTL_SECONDS: "0",
      FAULT_LAB: "yes",
    }),
    [
      'PORT: "abc" must be a whole number from 1 to 65535',
      'LOG_LEVEL: "loud" must be one of info, trace, debug, warn, error, fatal',
      "DATABASE_URL: it is not set; it must look like postgres://user:password@host:5432/database, with / ? # % and spaces in user and password percent-encoded (# as %23)",
      'CACHE_TTL_SECONDS: "0" must be a whole number from 1 to 2592000',
      'FAULT_LAB: "yes" must be one of 0, 1',
      'REDIS_NODES: "redis-0" must look like host:port; separate nodes by commas',
    ],
  );
});

test("readConfig does not repeat an invalid database URL, which may hold a password", () => {
  const [problem] = problemsOf({ DATABASE_URL: "mysql://bw:hunter2@database/x" });
  assert.match(problem ?? "", /^DATABASE_URL: the value must look like/);
  assert.doesNotMatch(problem ?? "", /hunter2/);
});

test("readConfig refuses the same port for both servers", () => {
  assert.deepEqual(problemsOf({ PORT: "9000" }), ['INTERNAL_PORT: "9000" must differ from PORT']);
});

const invalid: [NodeJS.ProcessEnv, string][] = [
  [{ HEAVY_QUEUE: "1.5" }, 'HEAVY_QUEUE: "1.5" must be a whole number from 1 to 100000'],
  [{ WORKERS: "0" }, 'WORKERS: "0" must be max, or a whole number from 1 to 64'],
  [{ HEAVY_THREADS: "65" }, 'HEAVY_THREADS: "65" must be auto, or a whole number from 1 to 64'],
  [{ INTERNAL_TOKEN: "hunter2" }, "INTERNAL_TOKEN: the value must have at least 16 visible characters"],
  [{ REDIS_DATABASE: "3" }, 'REDIS_DATABASE: "3" must be 0 in a cluster; or set REDIS_MODE=single'],
  [
    { REDIS_MODE: "single", REDIS_NODES: "a:1,b:2" },
    "REDIS_NODES: names 2 nodes; with REDIS_MODE=single it must name one",
  ],
];
for (const [env, problem] of invalid) {
  test(`readConfig reports: ${problem}`, () => assert.deepEqual(problemsOf(env), [problem]));
}
