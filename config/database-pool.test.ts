import assert from "node:assert/strict";
import { test } from "node:test";
import { planDatabasePool, reservedConnections } from "./database-pool.ts";
import { ConfigError } from "./problem.ts";
import type { RawConfig } from "./stack-config.ts";
import { validate } from "./validate.ts";

const poolSize = (raw: RawConfig) => planDatabasePool(validate(raw)).poolSize;

function rule(raw: RawConfig): string {
  try {
    validate(raw);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail("no problem was found");
}

test("planDatabasePool gives each pod eight connections, and fewer when a rolling update of many pods needs it", () => {
  assert.equal(poolSize({ api: { replicas: 3 } }), 8);
  assert.equal(poolSize({ api: { replicas: 12 } }), 2);
  assert.equal(poolSize({ api: { replicas: 12 }, database: { maxConnections: 300 } }), 8);
  assert.equal(poolSize({ api: { replicas: 0 } }), 8);
});

test("planDatabasePool keeps the size in usual changes of the replicas, so that they replace no pod", () => {
  for (const replicas of [0, 1, 2, 4, 5])
    assert.equal(poolSize({ api: { replicas } }), poolSize({ api: { replicas: 3 } }), `${replicas}`);
  const sizes = Array.from({ length: 24 }, (_, replicas) => poolSize({ api: { replicas } }));
  assert.deepEqual([...new Set(sizes)], [8, 4, 2]);
});

test("planDatabasePool counts the pods of all pools, and the workers of a pod", () => {
  const pools = [
    { name: "blue", replicas: 6 },
    { name: "green", replicas: 6 },
  ];
  assert.equal(poolSize({ api: { pools } }), 2);
  // A worker's share is replaced while the old worker still has its own: 4 + 1 connections for each pod.
  assert.equal(poolSize({ api: { replicas: 9, workers: 4, memory: "1 GiB" } }), 4);
  assert.equal(poolSize({ api: { replicas: 1, workers: 16, memory: "4 GiB" } }), 16);
});

for (const replicas of [1, 2, 3, 5, 8, 12, 17, 23])
  test(`no more than max_connections connections are open while ${replicas} API pods are updated`, () => {
    const config = validate({ api: { replicas } });
    const { poolSize, pods, neededConnections } = planDatabasePool(config);
    assert.equal(pods, 2 * replicas);
    assert.ok(pods * poolSize + reservedConnections <= config.database.maxConnections);
    assert.ok(neededConnections <= config.database.maxConnections);
  });

test("validate refuses API pods whose connections the database would refuse, and names the numbers", () => {
  assert.match(
    rule({ api: { replicas: 30 } }),
    /database\.maxConnections: 100 must be at least 128: a rolling update may run 60 API pods, each needs at least 2 connections/,
  );
  assert.match(rule({ api: { replicas: 30 } }), /config set --path database\.maxConnections 128;/);
  assert.match(
    rule({ database: { poolSize: 20 } }),
    /must be at least 128: a rolling update may run 6 API pods, each needs 20/,
  );
  const outside = { url: "postgres://u:p@db.example.org/app" };
  assert.match(rule({ api: { replicas: 30 }, database: outside }), /if the database accepts as many/);
  assert.equal(poolSize({ api: { replicas: 30 }, database: { ...outside, maxConnections: 128 } }), 2);
});
