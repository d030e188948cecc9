import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { V1Deployment } from "@kubernetes/client-node";
import { keepAliveTimeoutMs } from "../app/src/app.ts";
import { databaseUrlPattern, Environment, readConfig } from "../app/src/config/config.ts";
import { parseRedisNodes } from "../app/src/config/redis-nodes.ts";
import { closeRestMs } from "../app/src/runtime/lifecycle/shutdown.ts";
import { growthOf } from "../app/src/runtime/memory/growth.ts";
import { planWorkers } from "../app/src/runtime/workers/worker-plan.ts";
import { groupOf } from "../bench/network/admits.ts";
import { checkPodOf } from "../bench/redis/check-pod.ts";
import { apiEnvironment, stackVariables } from "../config/api-environment.ts";
import { apiGraceSeconds, clusterAccess } from "../config/derive.ts";
import { fittingWorkers } from "../config/memory.ts";
import { complete } from "../config/options/option.ts";
import { apiVolumes, programFolder } from "../config/sections/api.ts";
import { type ClusterConfig, cluster } from "../config/sections/cluster.ts";
import type { NetworkConfig } from "../config/sections/network.ts";
import { embeddedRegistry } from "../config/sections/registry.ts";
import { sections } from "../config/stack-config.ts";
import { validate } from "../config/validate.ts";
import { comparedImageLabel } from "../k8s/network-flows.ts";
import { podTemplate } from "../k8s/pod.ts";
import { recordResources } from "../k8s/testing/recording-mocks.ts";
import { clusterName } from "../local/cluster/layout.ts";
import { network } from "../local/cluster/network.ts";
import { registryEndpoint } from "../local/cluster/registry.ts";
import { provisionerDir } from "../local/cluster/storage.ts";
import { imageName, imagePlatform, imageUser, recipes } from "../local/images/recipes.ts";
import { dataPaths, registryAddress } from "../local/paths.ts";
import { floorSlope } from "../measure/slope.ts";
import { upstreamIdleMs } from "../nginx/upstream.ts";
import { readControllerConfig } from "../redis/program-config.ts";
import { projectRoot } from "./stack.ts";

// Facts that two rooms state each by itself, because neither may import the other.

const fileText = (path: string): string => readFileSync(join(projectRoot, path), "utf8");

test("config and local agree on the address of the embedded registry", () => {
  assert.equal(embeddedRegistry, registryAddress);
  assert.equal(new URL(registryEndpoint).port, registryAddress.split(":")[1]);
});

test("config and local agree on the address of the embedded cluster's DNS", () => {
  const embedded = complete(cluster, {}, true) as ClusterConfig;
  assert.equal(embedded.dnsAddress, network.dnsServiceAddress);
});

test("config and local agree on the address of the embedded cluster's node", () => {
  const embedded = complete(sections.network, {}, true) as NetworkConfig;
  for (const networks of [embedded.dnsServers, embedded.apiServers])
    assert.deepEqual(networks, [`${network.nodeAddress}/32`]);
});

test("k8s, loadtest and bench agree on the labels of pods that NetworkPolicies select", () => {
  const [, label] = /^const letterLabel = "(.+)";$/m.exec(fileText("loadtest/compare/image-pools.ts")) ?? [];
  assert.equal(label, comparedImageLabel);
  const deployment = { spec: { template: { spec: { containers: [{ name: "api" }] } } } } as V1Deployment;
  const { metadata } = checkPodOf(deployment, "n", { seconds: 1, rate: 1, keys: 1 });
  assert.equal(groupOf(metadata?.labels), "redis-check");
});

test("config and local agree on the embedded cluster's kubeconfig and context", () => {
  const { BREAKWATER_HOME: home } = process.env;
  const { files, kubeContext } = clusterAccess({}, {}, projectRoot, "/root");
  assert.equal(kubeContext, clusterName);
  if (home === undefined) assert.deepEqual(files, [dataPaths.kubeconfig]);
});

test("k8s, the API's Dockerfile and the base images agree on the user of all processes", () => {
  recordResources();
  const { spec } = podTemplate({ labels: {}, spec: { containers: [] } }) as {
    spec: { securityContext: { runAsUser: number } };
  };
  assert.equal(spec.securityContext.runAsUser, imageUser.id);
  assert.match(fileText("app/Dockerfile"), new RegExp(`^USER ${imageUser.id}:${imageUser.id}$`, "m"));
});

test("the hook that opens volumes looks where the provisioner creates them", () => {
  assert.ok(fileText("local/cluster/open-volumes.sh").includes(` ${provisionerDir} `));
});

test("k8s and loadtest agree on the container that asks a Redis node for its role", () => {
  const [, name] =
    /^const clientContainer = "(.+)";$/m.exec(fileText("loadtest/faults/kill-redis-primary.ts")) ?? [];
  assert.ok(name);
  assert.ok(fileText("k8s/redis-cluster.ts").includes(`name: "${name}",`));
});

test("config and local agree on the images of the embedded cluster and on the database's user", () => {
  const { images, database } = validate({});
  const built = recipes.map(imageName);
  const { platform, ...names } = images;
  assert.equal(platform, imagePlatform);
  for (const image of Object.values(names)) assert.ok(built.includes(image), image);
  assert.equal(database.runAsUser, imageUser.id);
});

test("config and the API's Dockerfile agree on the folder of the program", () => {
  assert.match(fileText("app/Dockerfile"), new RegExp(`^WORKDIR ${programFolder}$`, "m"));
});

test("the API reads every variable that the stack sets, and api.env takes all others that it reads", () => {
  const read = Object.keys(Environment.properties);
  const set = Object.keys(stackVariables);
  // NODE_OPTIONS is for Node.js itself.
  assert.deepEqual(
    set.filter((name) => !read.includes(name)),
    ["NODE_OPTIONS"],
  );
  const others = read.filter((name) => !set.includes(name));
  assert.ok(others.includes("CACHE_STALE_SECONDS"));
  validate({ api: { env: Object.fromEntries(others.map((name) => [name, "x"])) } });
});

test("config and the API agree on the URLs of databases", () => {
  const source = sections.database.children[".url"]?.schema.anyOf as [{ pattern: string }];
  assert.equal(source[0].pattern.replaceAll("\\/", "/"), databaseUrlPattern);
});

test("config counts as many workers in a pod as the API starts", () => {
  for (const mib of [96, 256, 300, 512, 1024, 4096]) {
    const memoryBytes = mib * 1024 ** 2;
    const { workers } = planWorkers({ count: 64, cpus: 64, memoryBytes, ceilingBytes: 0 });
    assert.equal(Math.min(64, fittingWorkers(memoryBytes)), workers, `${mib} MiB`);
  }
});

test("the API accepts the variables that come from the bounds of the options", () => {
  const smallest = {
    workers: 1,
    cacheTtlSeconds: 1,
    uploadMax: "1 KiB",
    uploadVolume: "1 MiB",
    logLevel: "trace",
    shutdownDelay: "0 s",
    shutdownTimeout: "1 s",
  };
  const largest = {
    workers: 64,
    cacheTtlSeconds: 86_400,
    uploadMax: "1 TiB",
    uploadVolume: "1 TiB",
    logLevel: "fatal",
    shutdownDelay: "1 min",
    shutdownTimeout: "10 min",
  };
  const { "heap-snapshots": snapshotFolder, uploads: uploadFolder } = apiVolumes;
  const deployment = {
    port: 3000,
    internalPort: 9000,
    databasePoolSize: 2,
    redisNodes: ["a:1"],
    snapshotFolder,
    uploadFolder,
    passwordFiles: {
      DATABASE_PASSWORD_FILE: `${apiVolumes.passwords}/database`,
      INTERNAL_TOKEN_FILE: `${apiVolumes.passwords}/internal-token`,
    },
  };
  for (const options of [smallest, largest, { workers: "max" }]) {
    const variables = apiEnvironment({ ...validate({ api: options }).api, ...deployment });
    const env = Object.fromEntries(variables.map(({ name, value }) => [name, value]));
    readConfig({ ...env, DATABASE_URL: "postgres://me:secret@host:5432/name" });
  }
});

test("Nginx closes an idle connection to a pod before the API does", () => {
  assert.ok(upstreamIdleMs < keepAliveTimeoutMs, `${upstreamIdleMs} < ${keepAliveTimeoutMs}`);
});

test("a worker closes its parts before its supervisor kills it, and the supervisor before Kubernetes kills the pod", () => {
  const { shutdown, workers } = readConfig({ DATABASE_URL: "postgres://user:password@host/name" });
  const drainMs = shutdown.delayMs + shutdown.timeoutMs;
  const graceSeconds = apiGraceSeconds({
    shutdownDelay: shutdown.delayMs,
    shutdownTimeout: shutdown.timeoutMs,
  });
  const limitsMs = [closeRestMs, workers.killTimeoutMs - drainMs, graceSeconds * 1000 - drainMs];
  assert.deepEqual(limitsMs, [2000, 3000, 5000]);
});

for (const value of [
  "a:1",
  "a.b:1, c:65535,",
  " a:1 ",
  "a",
  "a:0",
  "a:65536",
  "a:1,b:x",
  "user@a:1",
  "a:1:2",
  ":1",
]) {
  test(`the API and the formation Job parse REDIS_NODES "${value}" alike`, () => {
    const problems: string[] = [];
    const nodes = parseRedisNodes(value, problems);
    const topology = { REDIS_SHARDS: String(nodes.length), REDIS_REPLICAS_PER_SHARD: "0" };
    const env = { REDIS_NODES: value, ...topology, POD_NAMESPACE: "a", POD_NAME: "b" };
    if (problems.length === 0) assert.deepEqual(readControllerConfig(env).nodes, nodes);
    else assert.throws(() => readControllerConfig(env), { message: new RegExp(problems.join(".*"), "s") });
  });
}

test("the API and the load test compute the same Theil–Sen slope and interval", () => {
  // The load test takes the lowest point of each of eight blocks of three points; the API gets these points alone.
  const floors = [0, 9, 21, 29, 42, 48, 61, 70].map((value, block) => ({ second: 30 * block, value }));
  const points = floors.flatMap(({ second, value }) =>
    [0, 1, 2].map((step) => ({ second: second + 10 * step, value: value + 100 * step })),
  );
  const slope = floorSlope(points);
  const growth = growthOf(floors.map(({ second, value }) => ({ second, bytes: value })));
  assert.ok(slope && growth);
  for (const name of ["perSecond", "low", "high"] as const)
    assert.ok(Math.abs(slope[name] - growth[name]) < 1e-12, name);
});

test("the API and the project declare the same versions of the packages that both use", () => {
  const versionsOf = (path: string) => {
    const { dependencies, devDependencies } = JSON.parse(fileText(path)) as Record<
      "dependencies" | "devDependencies",
      Record<string, string>
    >;
    return new Map(Object.entries({ ...dependencies, ...devDependencies }));
  };
  const project = versionsOf("package.json");
  for (const [name, version] of versionsOf("app/package.json"))
    assert.equal(project.get(name) ?? version, version, name);
});
