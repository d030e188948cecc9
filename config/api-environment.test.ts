import assert from "node:assert/strict";
import { test } from "node:test";
import { apiEnvironment, stackVariables } from "./api-environment.ts";
import { ConfigError } from "./problem.ts";
import { validate } from "./validate.ts";

const deployment = {
  port: 3000,
  internalPort: 9000,
  databasePoolSize: 10,
  redisNodes: ["a:6379", "b:6379"],
  snapshotFolder: "/snapshots",
  uploadFolder: "/uploads",
  passwordFiles: { DATABASE_PASSWORD_FILE: undefined, INTERNAL_TOKEN_FILE: "/passwords/token" },
};

function environment(api: object): Record<string, string> {
  const variables = apiEnvironment({ ...validate({ api }).api, ...deployment });
  return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
}

test("apiEnvironment derives the variables from the options and the deployment, in a fixed order", () => {
  const options = {
    workers: "max",
    memory: "192 MiB",
    cacheTtlSeconds: 300,
    shutdownDelay: "3 s",
    shutdownTimeout: "15 s",
    logLevel: "info",
    uploadMax: "1 GiB",
  };
  assert.deepEqual(Object.entries(environment(options)), [
    ["PORT", "3000"],
    ["INTERNAL_PORT", "9000"],
    ["NODE_OPTIONS", "--max-old-space-size=96"],
    ["REDIS_NODES", "a:6379,b:6379"],
    ["REDIS_USERNAME", "api"],
    ["CACHE_TTL_SECONDS", "300"],
    ["CACHE_PREFIX", "bw:"],
    ["SHUTDOWN_DELAY_MS", "3000"],
    ["SHUTDOWN_TIMEOUT_MS", "15000"],
    ["LOG_LEVEL", "info"],
    ["WORKERS", "max"],
    ["HEAP_SNAPSHOT_DIR", "/snapshots"],
    ["HEAP_SNAPSHOT_KEEP", "2"],
    ["UPLOAD_MAX_BYTES", "1073741824"],
    ["DATABASE_POOL_SIZE", "10"],
    ["INTERNAL_TOKEN_FILE", "/passwords/token"],
  ]);
});

test("apiEnvironment has the upload folder only when there is a volume for uploads", () => {
  const { UPLOAD_DIR, UPLOAD_DIR_BYTES } = environment({ uploadVolume: "1 MiB" });
  assert.deepEqual([UPLOAD_DIR, UPLOAD_DIR_BYTES], ["/uploads", "1048576"]);
});

test("api.env refuses every variable that the stack sets, and names the option that sets it", () => {
  const names = Object.keys(stackVariables);
  const env = Object.fromEntries(names.map((name) => [name, "swordfish"]));
  assert.throws(
    () => validate({ api: { env } }),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(
        error.problems.map(({ path }) => path),
        names.map((name) => `api.env.${name}`),
      );
      for (const [name, option] of [
        ["WORKERS", "api.workers"],
        ["UPLOAD_MAX_BYTES", "api.uploadMax"],
        ["LOG_LEVEL", "api.logLevel"],
        ["NODE_OPTIONS", "api.memory"],
        ["DATABASE_URL", "database.url"],
        ["REDIS_NODES", "redis.shards"],
        ["INTERNAL_TOKEN", "the stack itself"],
        ["POD_NAME", "the stack itself"],
      ])
        assert.match(error.message, new RegExp(`api\\.env\\.${name}: is set by ${option}; `));
      assert.doesNotMatch(error.message, /swordfish/);
      return true;
    },
  );
});

test("api.env takes variables that no option sets", () => {
  const env = {
    CACHE_STALE_SECONDS: "60",
    CACHE_LOCAL_BYTES: "0",
    REDIS_CONNECT_TIMEOUT_MS: "500",
    BODY_LIMIT_BYTES: "1024",
    FEATURE: "on",
  };
  assert.deepEqual(validate({ api: { env } }).api.env, env);
});
