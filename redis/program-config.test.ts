import assert from "node:assert/strict";
import { test } from "node:test";
import { readAwaitConfig, readControllerConfig, readUsersConfig } from "./program-config.ts";

const env = {
  REDIS_NODES: "a:6379,b:6380",
  REDIS_SHARDS: "1",
  REDIS_REPLICAS_PER_SHARD: "1",
  POD_NAMESPACE: "space",
  POD_NAME: "controller-1",
};

const refuses = (change: Record<string, string | undefined>, message: RegExp) =>
  assert.throws(() => readControllerConfig({ ...env, ...change }), { message });

test("readControllerConfig reads nodes in their order, shards and credentials", () => {
  assert.deepEqual(readControllerConfig({ ...env, REDIS_USERNAME: "ops", REDIS_PASSWORD: "s3cret" }), {
    nodes: [
      { host: "a", port: 6379 },
      { host: "b", port: 6380 },
    ],
    credentials: { username: "ops", password: "s3cret" },
    shards: 1,
    replicasPerShard: 1,
    namespace: "space",
    podName: "controller-1",
  });
});

test("readControllerConfig uses the default user and no password when the variables are empty", () => {
  const { credentials } = readControllerConfig({ ...env, REDIS_USERNAME: "", REDIS_PASSWORD: "" });
  assert.deepEqual(credentials, { username: "default", password: undefined });
});

test("readControllerConfig ignores spaces and empty parts between nodes", () => {
  const { nodes } = readControllerConfig({ ...env, REDIS_NODES: " redis-0.redis:6379,\n10.0.0.2:6379, ," });
  assert.deepEqual(
    nodes.map((node) => node.host),
    ["redis-0.redis", "10.0.0.2"],
  );
});

test("readControllerConfig refuses a node that is not host:port", () => {
  for (const node of ["b", "b:", ":6379", "b:0", "b:65536", "redis://b:6379", "u@b:6379", "fd00::1:6379"])
    refuses(
      { REDIS_NODES: `a:6379,${node}` },
      new RegExp(`^REDIS_NODES: "${node}" must look like host:port`),
    );
  assert.doesNotThrow(() => readControllerConfig({ ...env, REDIS_NODES: "a:1,b:65535" }));
});

test("readControllerConfig refuses shards and replicas that are not whole numbers in range", () => {
  for (const shards of ["", "0", "-3", "1.5", "0x1", "1 ", "1001", undefined])
    refuses({ REDIS_SHARDS: shards }, /^REDIS_SHARDS: ".*" must be a whole number from 1 to 1000$/);
  for (const replicas of ["", "6", "one"])
    refuses({ REDIS_REPLICAS_PER_SHARD: replicas }, /^REDIS_REPLICAS_PER_SHARD: .* from 0 to 5$/);
});

test("readControllerConfig refuses a number of nodes that does not fit the shape", () => {
  refuses({ REDIS_SHARDS: "3" }, /^REDIS_NODES: 2 nodes are listed, 3 shards of 1 \+ 1 are 6$/);
  refuses({ REDIS_REPLICAS_PER_SHARD: "0" }, /2 nodes are listed, 1 shards of 1 \+ 0 are 1$/);
  refuses({ REDIS_NODES: undefined }, /^REDIS_NODES: 0 nodes are listed/);
});

test("readControllerConfig reports all problems at once, and counts no nodes when one cannot be parsed", () => {
  assert.throws(
    () => readControllerConfig({ REDIS_NODES: "a" }),
    (error: Error) => {
      const names = error.message.split("\n").map((line) => line.split(":")[0]);
      assert.deepEqual(names, [
        "REDIS_NODES",
        "REDIS_SHARDS",
        "REDIS_REPLICAS_PER_SHARD",
        "POD_NAMESPACE",
        "POD_NAME",
      ]);
      return true;
    },
  );
});

test("readAwaitConfig reads the controller's URL without a slash at the end, and refuses none", () => {
  const given = { ...env, REDIS_CONTROLLER_URL: "http://redis-controller:8083/" };
  assert.deepEqual(readAwaitConfig(given), {
    controllerUrl: "http://redis-controller:8083",
    shards: 1,
    replicasPerShard: 1,
  });
  assert.throws(() => readAwaitConfig(env), { message: "REDIS_CONTROLLER_URL: it must be set" });
});

test("readUsersConfig reads users and the logins that may be right, the one in use first", () => {
  const given = {
    REDIS_NODES: "a:6379",
    REDIS_USERS: "user default off\nuser api on #12 ~bw:* +get\n",
    REDIS_REPLICA_PASSWORD: "r",
    REDIS_ADMIN_PASSWORD: "new",
  };
  const config = readUsersConfig({ ...given, REDIS_OTHER_PASSWORD: "old", REDIS_DEFAULT_PASSWORD: "older" });
  assert.deepEqual(config, {
    nodes: [{ host: "a", port: 6379 }],
    users: [
      ["default", "off"],
      ["api", "on", "#12", "~bw:*", "+get"],
    ],
    replicaPassword: "r",
    logins: [
      { username: "admin", password: "old" },
      { username: "admin", password: "new" },
      { username: "default", password: "older" },
    ],
  });
  assert.deepEqual(readUsersConfig(given).logins, [{ username: "admin", password: "new" }]);
  assert.throws(() => readUsersConfig({ REDIS_USERS: "api on" }), {
    message:
      "REDIS_REPLICA_PASSWORD: it must be set\nREDIS_ADMIN_PASSWORD: it must be set\nREDIS_USERS: a line must look like: user NAME RULE …",
  });
});
