import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import * as check from "fast-check";
import { derivePools } from "../config/derive.ts";
import { domainName, label, objectName, poolName } from "../config/sections/names.ts";
import { labelValueOf, namespaceOf } from "../config/stack-names.ts";
import { validate } from "../config/validate.ts";
import { Api } from "./api.ts";
import { Database } from "./database.ts";
import { recommendedLabels } from "./labels.ts";
import { NginxGateway } from "./nginx-gateway.ts";
import { RedisCluster } from "./redis-cluster.ts";
import { createPullSecrets } from "./registry.ts";
import { idleCluster, newVolumes } from "./testing/idle-cluster.ts";
import { type Recorded, recordResources, resolved } from "./testing/recording-mocks.ts";

const labelValue = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
/** Suffixes of Kubernetes: a hash of the pod template or of the revision, and five random letters. */
const revision = "-0123456789";
/** Kinds whose name becomes a DNS label, or the value of a label. */
const shortKinds = ["Namespace", "Service", "StatefulSet", "Job"];

const letters = check.constantFrom(..."abzABZ019_.-");
const name = check.array(letters, { minLength: 1, maxLength: 100 }).map((each) => each.join(""));
const longOrShort = (pattern: RegExp, longest: number) =>
  check.oneof(check.stringMatching(pattern), check.constant("a".repeat(longest)));
const options = check.record({
  project: name,
  stack: name,
  namespace: check.option(longOrShort(label.pattern, 63), { nil: undefined }),
  domain: check.oneof(check.constant(`${"d".repeat(49)}.${"e".repeat(50)}`), check.constant("cluster.local")),
  pools: check.uniqueArray(longOrShort(poolName.pattern, 50), { minLength: 1, maxLength: 4 }),
  shards: check.integer({ min: 3, max: 30 }),
  passwordVersion: check.integer({ min: 1, max: 2 }),
});
type Options = typeof options extends check.Arbitrary<infer T> ? T : never;

/** Makes all resources of a stack. */
async function stackOf({
  project,
  stack,
  namespace: given,
  domain,
  pools,
  shards,
  passwordVersion,
}: Options) {
  const recorded = recordResources({}, { project, stack });
  const config = validate({
    cluster: { domain, kubeContext: "c", namespace: given, dnsTtl: "0 s" },
    registry: { address: "r.example.org", username: "u", password: "p" },
    api: { pools: pools.map((each) => ({ name: each, replicas: 1 })) },
    redis: { shards, passwordVersion },
  });
  const namespace = config.cluster.namespace ?? namespaceOf(stack);
  const part = { name: labelValueOf(project), component: "stack" };
  const opts = { transformations: [recommendedLabels(part, "1.0.0")] };
  const common = {
    namespace,
    domain,
    image: "i",
    pullSecrets: createPullSecrets(config.registry, namespace, opts),
    volumes: newVolumes,
    cluster: idleCluster,
  };
  const redis = new RedisCluster(
    "redis",
    {
      ...common,
      config: config.redis,
      apiImage: "i",
      apiImageReady: new pulumi.ComponentResource("t", "t"),
      apiPullSecrets: common.pullSecrets,
      live: undefined,
      usersOrigin: "first",
      isOwnApi: false,
      formationJobs: [],
    },
    opts,
  );
  await resolved(redis.createNodes().ready);
  new Database("database", { ...common, config: config.database }, opts);
  const plan = derivePools(config.api);
  const unused = {
    databaseUrl: "",
    hasOwnDatabase: true,
    databasePoolSize: 1,
    redisNodes: redis.nodes,
    redisPassword: "",
    dnsCacheMs: 0,
  };
  const scaling = { made: "2026-11-28", keepsReplicas: false };
  new Api("api", { ...common, ...unused, scaling, config: config.api, pools: plan }, opts);
  new NginxGateway(
    "nginx",
    {
      ...common,
      config: config.nginx,
      uploadMax: 0,
      contract: config.api.contract,
      pools: plan,
      resolver: "10.0.0.10",
    },
    opts,
  );
  await pulumi.runtime.disconnect();
  return { namespace, recorded, nodes: redis.nodes };
}

/** Names that Kubernetes and the stack make of a resource. */
function namesOf({ type, name, inputs }: Recorded): { short: string[]; long: string[] } {
  const kind = type.split(":").at(-1) ?? "";
  const own = inputs.metadata.name ?? `${name}-1a2b3c4d`;
  const short = shortKinds.includes(kind) ? [own] : [];
  if (kind === "StatefulSet")
    short.push(own + revision, `${own}-${inputs.spec.replicas - 1}`, inputs.spec.serviceName);
  const pod = inputs.spec?.template?.spec;
  for (const { name } of [
    ...(pod?.containers ?? []),
    ...(pod?.initContainers ?? []),
    ...(pod?.volumes ?? []),
  ])
    short.push(name);
  return { short, long: [own, ...(kind === "Deployment" ? [own + revision] : [])] };
}

/** Every map of labels in an object. */
function labelsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    ["labels", "matchLabels", "selector"].includes(key) &&
    Object.values(inner ?? {}).every((each) => typeof each === "string")
      ? Object.values(inner as Record<string, string>)
      : labelsOf(inner),
  );
}

/** Host names in the API's variables, in the gateway's configuration and in the rejoin sidecar's. */
const hostsOf = (recorded: readonly Recorded[], namespace: string): string[] =>
  [...JSON.stringify(recorded).matchAll(/[\w.-]+/g)]
    .map(([host]) => host)
    .filter((host) => host.includes(`.${namespace}.svc.`));

test("every name in the cluster fits its limit with every suffix, for all names of projects, stacks and pools", async () => {
  await check.assert(
    check.asyncProperty(options, async (given) => {
      const { namespace, recorded, nodes } = await stackOf(given);
      assert.match(namespace, label.pattern);
      const objects = recorded.filter(({ type }) => type.startsWith("kubernetes:"));
      assert.equal(objects.filter(({ type }) => type.endsWith(":StatefulSet")).length, 2);
      for (const object of objects) {
        const { short, long } = namesOf(object);
        for (const each of short) assert.match(each, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, object.type);
        for (const each of long) assert.match(each, objectName.pattern, object.type);
        for (const value of labelsOf(object.inputs)) assert.match(value, labelValue, object.type);
      }
      const hosts = [...hostsOf(recorded, namespace), ...nodes.map((node) => node.replace(/:\d+$/, ""))];
      assert.ok(hosts.length > nodes.length);
      for (const host of hosts) {
        assert.ok(host.length <= 253, host);
        for (const part of host.split(".")) assert.ok(part.length <= 63, part);
        assert.ok(host.endsWith(given.domain), host);
      }
    }),
    { numRuns: 12 },
  );
});

test("the rule for domains leaves room for the longest host name", () => {
  const longest = ["a".repeat(63), "a".repeat(63), "svc", `${"d".repeat(49)}.${"e".repeat(50)}`].join(".");
  assert.ok(domainName.pattern.test(longest.split(".svc.")[1] ?? ""));
  assert.ok(longest.length <= 253);
});
