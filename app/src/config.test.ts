import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, readConfig } from "./config.ts";

const url = "postgres://bw:secret@database:5432/breakwater";

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig({ DATABASE_URL: url, ...env });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  return [];
}

test("a database is all that has to be named", () => {
  const config = readConfig({ DATABASE_URL: url, POD_NAME: "api-1" });
  assert.deepEqual(config, {
    port: 3000,
    internalPort: 9000,
    podName: "api-1",
    logLevel: "info",
    database: { url, poolSize: 10 },
    cache: {
      nodes: [],
      username: "default",
      password: undefined,
      ttlSeconds: 300,
      prefix: "bw:",
      timeoutMs: 200,
    },
    heavy: { threads: 1, queue: 64, timeoutMs: 10_000 },
    shutdown: { delayMs: 3000, timeoutMs: 15_000 },
    faultLab: false,
  });
});

test("reads the nodes of the Redis Cluster", () => {
  const { cache } = readConfig({ DATABASE_URL: url, REDIS_NODES: "redis-0.redis:6379, redis-1.redis:6380," });
  assert.deepEqual(cache.nodes, [
    { host: "redis-0.redis", port: 6379 },
    { host: "redis-1.redis", port: 6380 },
  ]);
});

test("tells all problems at once", () => {
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
      'LOG_LEVEL: "loud" must be one of trace, debug, info, warn, error, fatal',
      "DATABASE_URL: nothing is set; it must look like postgres://user:password@host:5432/database",
      'REDIS_NODES: "redis-0" must look like host:port; separate nodes by commas',
      'CACHE_TTL_SECONDS: "0" must be a whole number from 1 to 2592000',
      'FAULT_LAB: "yes" must be one of 0, 1',
    ],
  );
});

test("a wrong database URL is not repeated, since it may hold a password", () => {
  const [problem] = problemsOf({ DATABASE_URL: "mysql://bw:hunter2@database/x" });
  assert.match(problem ?? "", /^DATABASE_URL: what is set must look like/);
  assert.doesNotMatch(problem ?? "", /hunter2/);
});

test("rejects one port for both servers", () => {
  assert.deepEqual(problemsOf({ PORT: "9000" }), ['INTERNAL_PORT: "9000" must differ from PORT']);
});
