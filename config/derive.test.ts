import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { apiGraceSeconds, clusterAccess, derivePools, redisNodes } from "./derive.ts";
import { heapMiB, redisMaxmemory } from "./memory.ts";
import { podWeights } from "./pool-weights.ts";
import { MiB } from "./units.ts";
import { validate } from "./validate.ts";

test("the heap and Redis' data leave room in their containers", () => {
  assert.equal(heapMiB(192 * MiB), 96);
  assert.equal(redisMaxmemory(64 * MiB), Math.floor(31.2 * MiB));
});

test("the grace period is longer than delay and drain together", () => {
  assert.equal(apiGraceSeconds({ shutdownDelay: 3000, shutdownTimeout: 15_500 }), 24);
});

test("Redis nodes are shards × (1 + replicas per shard) host names", () => {
  const nodes = redisNodes(validate({ redis: { shards: 3, replicasPerShard: 2 } }).redis, "space");
  assert.equal(nodes.length, 9);
  assert.equal(nodes[8], "redis-8.redis.space.svc.cluster.local:6379");
});

test("api.replicas stands for one pool", () => {
  const { api } = validate({ api: { replicas: 4 } });
  assert.deepEqual(derivePools(api), [
    { name: "api", serviceName: "api-headless", replicas: 4, podWeight: 1, backup: false },
  ]);
});

test("pools share by weight, whatever their numbers of pods, and backups weigh among themselves", () => {
  const { api } = validate({
    api: {
      pools: [
        { name: "blue", replicas: 3, weight: 3 },
        { name: "green", replicas: 1, weight: 2 },
        { name: "spare", replicas: 2, weight: 9, backup: true },
      ],
    },
  });
  assert.deepEqual(
    derivePools(api).map(({ name, podWeight, backup }) => [name, podWeight, backup]),
    [
      ["api-blue", 1, false],
      ["api-green", 2, false],
      ["api-spare", 1, true],
    ],
  );
});

test("pod weights are whole and give the wanted shares", () => {
  const pool = fc.record({
    replicas: fc.integer({ min: 1, max: 12 }),
    weight: fc.integer({ min: 1, max: 50 }),
  });
  fc.assert(
    fc.property(fc.array(pool, { minLength: 1, maxLength: 4 }), (pools) => {
      const weights = podWeights(pools);
      assert.ok(weights.every((weight) => Number.isInteger(weight) && weight >= 1));
      const sums = pools.map(({ replicas }, index) => replicas * (weights[index] ?? 0));
      const total = sums.reduce((a, b) => a + b);
      const wanted = pools.reduce((sum, { weight }) => sum + weight, 0);
      pools.forEach(({ weight }, index) => {
        assert.ok(Math.abs((sums[index] ?? 0) / total - weight / wanted) < 1e-9);
      });
    }),
  );
});

test("a pool without pods does not disturb the others' weights", () => {
  assert.deepEqual(
    podWeights([
      { replicas: 0, weight: 5 },
      { replicas: 2, weight: 1 },
    ]),
    [1, 1],
  );
});

const home = { HOME: "/home/me", KUBECONFIG: "/elsewhere/config" };

test("a kubeconfig left in the environment is not deployed to unless stack config names a context", () => {
  assert.deepEqual(clusterAccess({}, home, "/project"), {
    kubeconfig: "/var/lib/breakwater/kubeconfig",
    kubeContext: "breakwater",
  });
  assert.equal(clusterAccess({ kubeContext: "prod" }, home, "/project").kubeconfig, "/elsewhere/config");
});

test("a named cluster's kubeconfig is the given one, else $KUBECONFIG, else the user's", () => {
  const path = (kubeconfig?: string, env = home as { HOME: string; KUBECONFIG?: string }) =>
    clusterAccess({ kubeContext: "prod", kubeconfig }, env, "/project").kubeconfig;
  assert.equal(path("~/.kube/prod"), "/home/me/.kube/prod");
  assert.equal(path("kube/prod"), "/project/kube/prod");
  assert.equal(path(undefined, { HOME: "/home/me" }), "/home/me/.kube/config");
});
