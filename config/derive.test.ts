import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AccessEnvironment,
  apiGraceSeconds,
  clusterAccess,
  derivePools,
  redisNodes,
  redisReplicas,
} from "./derive.ts";
import { databaseWalMiB, heapMiB, redisMaxmemory } from "./memory.ts";
import { podWeights } from "./pool-weights.ts";
import { MiB } from "./units.ts";
import { validate } from "./validate.ts";

test("heapMiB and redisMaxmemory leave memory for the rest of the container", () => {
  assert.equal(heapMiB(192 * MiB), 96);
  assert.equal(redisMaxmemory(64 * MiB), Math.floor(31.2 * MiB));
});

test("databaseWalMiB is a quarter of the volume, from two segments to PostgreSQL's default", () => {
  assert.deepEqual(
    [128, 512, 1024, 8192].map((storage) => databaseWalMiB(storage * MiB)),
    [32, 128, 256, 1024],
  );
});

test("apiGraceSeconds is longer than the delay and the time-out together", () => {
  assert.equal(apiGraceSeconds({ shutdownDelay: 3000, shutdownTimeout: 15_500 }), 24);
});

test("redisNodes returns a host name for each primary and each replica", () => {
  const { redis } = validate({ redis: { shards: 3, replicasPerShard: 2 } });
  const nodes = redisNodes(redisReplicas(redis), "space", "corp.internal");
  assert.equal(nodes.length, 9);
  assert.equal(nodes[8], "redis-8.redis.space.svc.corp.internal:6379");
});

test("derivePools returns one pool when only api.replicas is given", () => {
  const { api } = validate({ api: { replicas: 4 } });
  assert.deepEqual(derivePools(api), [
    { name: "api", serviceName: "api-headless", replicas: 4, podWeight: 1, backup: false, share: 1 },
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
const prod = { kubeContext: "prod" };

test("clusterAccess ignores KUBECONFIG when stack config names no context", () => {
  assert.deepEqual(clusterAccess({}, home, "/project", "/home/me"), {
    kubeContext: "breakwater",
    files: ["/var/lib/breakwater/kubeconfig"],
    pluginKubeconfig: "/var/lib/breakwater/kubeconfig",
  });
});

test("clusterAccess takes the given kubeconfig, else $KUBECONFIG, else the user's file, when a context is named", () => {
  const files = (kubeconfig?: string, env: AccessEnvironment = home) =>
    clusterAccess({ ...prod, kubeconfig }, env, "/project", "/home/me").files;
  assert.deepEqual(files("~/.kube/prod"), ["/home/me/.kube/prod"]);
  assert.deepEqual(files("kube/prod"), ["/project/kube/prod"]);
  assert.deepEqual(files(), ["/elsewhere/config"]);
  assert.deepEqual(files(undefined, { HOME: "/home/me", KUBECONFIG: "/a:/b:" }), ["/a", "/b"]);
  assert.deepEqual(files(undefined, { HOME: "/home/me" }), ["/home/me/.kube/config"]);
  const windows = { USERPROFILE: "/users/me" };
  assert.deepEqual(files(undefined, windows), ["/users/me/.kube/config"]);
  assert.deepEqual(files("~/prod", windows), ["/users/me/prod"]);
});

test("clusterAccess gives the plugin the same kubeconfig for every user and checkout", () => {
  const ofUser = (kubeconfig: string | undefined, user: string) =>
    clusterAccess(
      { ...prod, kubeconfig },
      { HOME: `/home/${user}`, KUBECONFIG: `/home/${user}/config` },
      `/home/${user}/project`,
      `/home/${user}`,
    ).pluginKubeconfig;
  for (const [kubeconfig, forPlugin] of [
    [undefined, ""],
    ["~/.kube/prod", "~/.kube/prod"],
    ["kube/prod", "kube/prod"],
    ["/etc/kube/prod", "/etc/kube/prod"],
  ] as const)
    for (const user of ["me", "you"]) assert.equal(ofUser(kubeconfig, user), forPlugin);
});

test("clusterAccess expands the path for the plugin when $HOME is not the account's home folder", () => {
  const { pluginKubeconfig } = clusterAccess({ ...prod, kubeconfig: "~/a" }, home, "/project", "/root");
  assert.equal(pluginKubeconfig, "/home/me/a");
});
