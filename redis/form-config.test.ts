import assert from "node:assert/strict";
import { test } from "node:test";
import { readFormConfig } from "./form-config.ts";

const env = { REDIS_NODES: "a:6379,b:6380", REDIS_SHARDS: "1", REDIS_REPLICAS_PER_SHARD: "1" };

const refuses = (change: Record<string, string | undefined>, message: RegExp) =>
  assert.throws(() => readFormConfig({ ...env, ...change }), { message });

test("readFormConfig reads nodes in their order, shards and credentials", () => {
  assert.deepEqual(readFormConfig({ ...env, REDIS_USERNAME: "ops", REDIS_PASSWORD: "s3cret" }), {
    nodes: [
      { host: "a", port: 6379 },
      { host: "b", port: 6380 },
    ],
    leaving: [],
    credentials: { username: "ops", password: "s3cret" },
    shards: 1,
    replicasPerShard: 1,
  });
});

test("readFormConfig reads nodes that are to leave", () => {
  const { leaving } = readFormConfig({ ...env, REDIS_LEAVING_NODES: "c:6379" });
  assert.deepEqual(leaving, [{ host: "c", port: 6379 }]);
  refuses({ REDIS_LEAVING_NODES: "c" }, /^REDIS_LEAVING_NODES: "c" must look like host:port/);
});

test("readFormConfig uses the default user and no password when the variables are empty", () => {
  const { credentials } = readFormConfig({ ...env, REDIS_USERNAME: "", REDIS_PASSWORD: "" });
  assert.deepEqual(credentials, { username: "default", password: undefined });
});

test("readFormConfig ignores spaces and empty parts between nodes", () => {
  const { nodes } = readFormConfig({ ...env, REDIS_NODES: " redis-0.redis:6379,\n10.0.0.2:6379, ," });
  assert.deepEqual(
    nodes.map((node) => node.host),
    ["redis-0.redis", "10.0.0.2"],
  );
});

test("readFormConfig refuses a node that is not host:port", () => {
  for (const node of ["b", "b:", ":6379", "b:0", "b:65536", "redis://b:6379", "u@b:6379", "fd00::1:6379"])
    refuses(
      { REDIS_NODES: `a:6379,${node}` },
      new RegExp(`^REDIS_NODES: "${node}" must look like host:port`),
    );
  assert.doesNotThrow(() => readFormConfig({ ...env, REDIS_NODES: "a:1,b:65535" }));
});

test("readFormConfig refuses shards and replicas that are not whole numbers in range", () => {
  for (const shards of ["", "0", "-3", "1.5", "0x1", "1 ", "1001", undefined])
    refuses({ REDIS_SHARDS: shards }, /^REDIS_SHARDS: ".*" must be a whole number from 1 to 1000$/);
  for (const replicas of ["", "6", "one"])
    refuses({ REDIS_REPLICAS_PER_SHARD: replicas }, /^REDIS_REPLICAS_PER_SHARD: .* from 0 to 5$/);
});

test("readFormConfig refuses a number of nodes that does not fit the shape", () => {
  refuses({ REDIS_SHARDS: "3" }, /^REDIS_NODES: 2 nodes are listed, 3 shards of 1 \+ 1 are 6$/);
  refuses({ REDIS_REPLICAS_PER_SHARD: "0" }, /2 nodes are listed, 1 shards of 1 \+ 0 are 1$/);
  refuses({ REDIS_NODES: undefined }, /^REDIS_NODES: 0 nodes are listed/);
});

test("readFormConfig reports all problems at once, and counts no nodes when one cannot be parsed", () => {
  assert.throws(
    () => readFormConfig({ REDIS_NODES: "a" }),
    (error: Error) => {
      const names = error.message.split("\n").map((line) => line.split(":")[0]);
      assert.deepEqual(names, ["REDIS_NODES", "REDIS_SHARDS", "REDIS_REPLICAS_PER_SHARD"]);
      return true;
    },
  );
});
