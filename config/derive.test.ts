import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { apiGraceSeconds, clusterAccess, derivePools, redisNodes } from "./derive.ts";
import { heapMiB, redisMaxmemory } from "./memory.ts";
import { podWeights } from "./pool-weights.ts";
import { MiB } from "./units.ts";
import { validate } from "./validate.ts";

test("heapMiB and redisMaxmemory leave memory for the rest of the container", () => {
  assert.equal(heapMiB(192 * MiB), 96);
  assert.equal(redisMaxmemory(64 * MiB), Math.floor(31.2 * MiB));
});

test("apiGraceSeconds is longer than the delay and the time-out together", () => {
  assert.equal(apiGraceSeconds({ shutdownDelay: 3000, shutdownTimeout: 15_500 }), 24);
});

test("redisNodes returns a host name for each primary and each replica", () => {
  const nodes = redisNodes(validate({ redis: { shards: 3, replicasPerShard: 2 } }).redis, "space");
  assert.equal(nodes.length, 9);
  assert.equal(nodes[8], "redis-8.redis.space.svc.cluster.local:6379");
});

test("derivePools returns one pool when only api.replicas is given", () => {
  const { api } = validate({ api: { replicas: 4 } });
  assert.deepEqual(derivePools(api), [
    { name: "api", serviceName: "api-headless", replicas: 4, podWeight: 1, backup: false },
  ]);
});

test("derivePools weighs pods by their pool's weight and size, and backup pools separately", () => {
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

test("podWeights returns whole numbers that give each pool its share", () => {
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

test("podWeights ignores a pool without pods", () => {
  assert.deepEqual(
    podWeights([
      { replicas: 0, weight: 5 },
      { replicas: 2, weight: 1 },
    ]),
    [1, 1],
  );
});

const home = { HOME: "/home/me", KUBECONFIG: "/elsewhere/config" };

test("clusterAccess ignores KUBECONFIG when stack config names no context", () => {
  assert.deepEqual(clusterAccess({}, home, "/project"), {
    kubeconfig: "/var/lib/breakwater/kubeconfig",
    kubeContext: "breakwater",
  });
  assert.equal(clusterAccess({ kubeContext: "prod" }, home, "/project").kubeconfig, "/elsewhere/config");
});

test("clusterAccess takes the given kubeconfig, else $KUBECONFIG, else the user's file, when a context is named", () => {
  const path = (kubeconfig?: string, env = home as { HOME: string; KUBECONFIG?: string }) =>
    clusterAccess({ kubeContext: "prod", kubeconfig }, env, "/project").kubeconfig;
  assert.equal(path("~/.kube/prod"), "/home/me/.kube/prod");
  assert.equal(path("kube/prod"), "/project/kube/prod");
  assert.equal(path(undefined, { HOME: "/home/me" }), "/home/me/.kube/config");
});
