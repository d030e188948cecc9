import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { stackVariables } from "../config/api-environment.ts";
import { redisUsers } from "../contract/redis-users.ts";
import { databaseAlive } from "./programs.ts";
import { ofKind, type Recorded, resolved } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];
let program: typeof import("../index.ts");
let server: string;

before(async () => {
  ({ recorded, program, server } = await runProgram({
    cluster: { dnsTtl: "10 s" },
    api: { replicas: 3, memory: "256 MiB", uploadVolume: "64 MiB" },
    nginx: { replicas: 2, memory: "64 MiB", nodePort: 30080 },
    redis: { shards: 3, replicasPerShard: 1, memory: "64 MiB" },
    database: { memory: "256 MiB" },
  }));
});

const workloadKinds = ["Deployment", "StatefulSet", "Job"];
const workloads = () => workloadKinds.flatMap((kind) => ofKind(recorded, kind));

// biome-ignore lint/suspicious/noExplicitAny: pods of every kind of workload
function pods(): [string, any][] {
  return workloads().map(({ type, name, inputs }) => [`${type} ${name}`, inputs.spec.template.spec]);
}

// biome-ignore lint/suspicious/noExplicitAny: containers of every kind of pod
function containers(): [string, any][] {
  return pods().flatMap(([owner, pod]) =>
    // biome-ignore lint/suspicious/noExplicitAny: as above
    [...(pod.initContainers ?? []), ...pod.containers].map((container: any): [string, any] => [
      `${owner} ${container.name}`,
      container,
    ]),
  );
}

test("the program creates four workloads, the controller of Redis, and Jobs that wait for it and set passwords", () => {
  const names = workloads().map(({ name }) => name.replace(/-[0-9a-f]{10}$/, "-HASH"));
  assert.deepEqual(names.sort(), [
    "api",
    "database",
    "database-password",
    "nginx",
    "redis",
    "redis-controller",
    "redis-formation-HASH",
    "redis-users-only",
  ]);
});

test("every Kubernetes resource but the namespace is in the namespace, and the provider is explicit", () => {
  const inCluster = recorded.filter(({ type }) => type.startsWith("kubernetes:"));
  assert.ok(inCluster.length > 15);
  for (const { type, inputs } of inCluster) {
    if (type !== "kubernetes:core/v1:Namespace")
      assert.equal(inputs.metadata.namespace, "breakwater-test", type);
  }
  const provider = recorded.find(({ type }) => type === "pulumi:providers:kubernetes");
  assert.equal(provider?.inputs.context, "breakwater");
  assert.equal(provider?.inputs.clusterIdentifier, server);
});

test("every object has the annotation that takes its fields back, beside those of its own", () => {
  const objects = recorded.filter(
    ({ type, name }) => type.startsWith("kubernetes:") && name !== "cluster-dns",
  );
  for (const { name, inputs } of objects)
    assert.equal(inputs.metadata.annotations?.["pulumi.com/patchForce"], "true", name);
  const [pool] = ofKind(recorded, "Service").filter(({ name }) => name === "redis");
  assert.equal(pool?.inputs.metadata.annotations["pulumi.com/skipAwait"], "true");
});

test("every pod runs as an unprivileged user, and only the Redis controller has a service account token", () => {
  for (const [name, pod] of pods()) {
    const { runAsNonRoot, runAsUser, runAsGroup, fsGroup, seccompProfile } = pod.securityContext;
    assert.deepEqual(
      [runAsNonRoot, runAsUser, runAsGroup, fsGroup, seccompProfile],
      [true, 10001, 10001, 10001, { type: "RuntimeDefault" }],
      name,
    );
    const isController = name.endsWith(" redis-controller");
    assert.equal(pod.automountServiceAccountToken, isController, name);
  }
});

test("every container has limits, requests and a restricted security context, and pulls its image at each start", () => {
  for (const [name, { resources, securityContext, imagePullPolicy }] of containers()) {
    assert.equal(imagePullPolicy, "Always", name);
    assert.match(resources.limits.memory, /^\d+Mi$/, name);
    assert.equal(resources.requests.memory, resources.limits.memory, name);
    assert.ok(resources.limits.cpu && resources.requests.cpu, name);
    assert.deepEqual(
      securityContext,
      {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        readOnlyRootFilesystem: true,
      },
      name,
    );
  }
});

// biome-ignore lint/suspicious/noExplicitAny: the main container of a workload
function mainContainer(workload: string): any {
  const found = workloads().find(({ name }) => name === workload);
  return found?.inputs.spec.template.spec.containers[0];
}

test("the API's start-up probe does not depend on the database, and its readiness probe does", () => {
  const { startupProbe, readinessProbe, livenessProbe } = mainContainer("api");
  const paths = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet.path);
  assert.deepEqual(paths, ["/livez", "/readyz", "/livez"]);
});

test("the database's probes do not end a recovery, and its log fits its volume", () => {
  const { startupProbe, livenessProbe, env } = mainContainer("database");
  assert.ok(startupProbe.periodSeconds * startupProbe.failureThreshold >= 86_400);
  assert.ok(livenessProbe.exec.command.includes(databaseAlive));
  const settings = new Map(env.map(({ name, value }: { name: string; value: string }) => [name, value]));
  assert.deepEqual([settings.get("MAX_WAL_MB"), settings.get("MAX_CONNECTIONS")], ["256", "100"]);
});

test("the CPU requests of all pods fit on two small CPUs", () => {
  const millicpu = [...ofKind(recorded, "Deployment"), ...ofKind(recorded, "StatefulSet")].reduce(
    (sum, { inputs }) => {
      const [container] = inputs.spec.template.spec.containers;
      return sum + inputs.spec.replicas * Number.parseInt(container.resources.requests.cpu, 10);
    },
    0,
  );
  assert.ok(millicpu <= 1500, `${millicpu}m`);
});

test("selectors of workloads, Services and disruption budgets match one workload's pods", () => {
  const labels = workloads().map(
    ({ inputs }) => inputs.spec.template.metadata.labels as Record<string, string>,
  );
  const matches = (selector: Record<string, string>) =>
    labels.filter((pod) => Object.entries(selector).every(([key, value]) => pod[key] === value)).length;
  for (const { name, inputs } of [...ofKind(recorded, "Deployment"), ...ofKind(recorded, "StatefulSet")]) {
    assert.equal(matches(inputs.spec.selector.matchLabels), 1, name);
  }
  for (const { name, inputs } of ofKind(recorded, "Service"))
    assert.equal(matches(inputs.spec.selector), 1, name);
  for (const { name, inputs } of ofKind(recorded, "PodDisruptionBudget")) {
    assert.equal(matches(inputs.spec.selector.matchLabels), 1, name);
  }
});

test("every volume mount has a volume, and every probe's port exists", () => {
  for (const { name, inputs } of workloads()) {
    const { template, volumeClaimTemplates = [] } = inputs.spec;
    const declared = [
      // biome-ignore lint/suspicious/noExplicitAny: names of volumes
      ...(template.spec.volumes ?? []).map((volume: any) => volume.name),
      // biome-ignore lint/suspicious/noExplicitAny: names of claims
      ...volumeClaimTemplates.map((claim: any) => claim.metadata.name),
    ];
    for (const container of [...(template.spec.initContainers ?? []), ...template.spec.containers]) {
      for (const mount of container.volumeMounts ?? []) assert.ok(declared.includes(mount.name), name);
      // biome-ignore lint/suspicious/noExplicitAny: names of ports
      const ports = (container.ports ?? []).map((port: any) => port.name);
      for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
        if (probe?.httpGet) assert.ok(ports.includes(probe.httpGet.port), `${name} ${probe.httpGet.port}`);
      }
    }
  }
});

test("passwords are in no resource but the Secrets and the state", async () => {
  const stashed = recorded.filter(({ type }) => type === "pulumi:index:Stash");
  assert.equal(stashed.length, 2 + redisUsers.length);
  for (const { inputs } of stashed) {
    const password: string = inputs.input.value;
    assert.match(password, /^[\w-]{32}$/);
    for (const resource of recorded) {
      if (resource.type === "pulumi:index:Stash" || resource.type.endsWith(":Secret")) continue;
      assert.ok(!JSON.stringify(resource.inputs).includes(password), resource.name);
    }
  }
});

test("pods pull with no Secret when stack config has no registry credentials", () => {
  for (const [name, pod] of pods()) assert.equal(pod.imagePullSecrets, undefined, name);
  for (const { inputs } of ofKind(recorded, "Secret")) assert.equal(inputs.type, undefined);
});

test("the API's heap fits its container, and its grace period covers its own shutdown", () => {
  const [deployment] = ofKind(recorded, "Deployment").filter(({ name }) => name === "api");
  const { terminationGracePeriodSeconds, containers } = deployment?.inputs.spec.template.spec ?? {};
  const env = new Map<string, string>(
    containers[0].env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  assert.equal(env.get("NODE_OPTIONS"), "--max-old-space-size=144");
  const needed = (Number(env.get("SHUTDOWN_DELAY_MS")) + Number(env.get("SHUTDOWN_TIMEOUT_MS"))) / 1000;
  assert.ok(terminationGracePeriodSeconds > needed);
});

test("API pods are ready and drain for as long as the cluster's DNS caches", () => {
  const [deployment] = ofKind(recorded, "Deployment").filter(({ name }) => name === "api");
  const { minReadySeconds, template } = deployment?.inputs.spec ?? {};
  const { terminationGracePeriodSeconds, containers } = template.spec;
  assert.equal(minReadySeconds, 10);
  const delay = containers[0].env.find(({ name }: { name: string }) => name === "SHUTDOWN_DELAY_MS");
  assert.equal(delay.value, "13000");
  assert.equal(terminationGracePeriodSeconds, 13 + 15 + 5);
});

test("the gateway starts when a pod answers, and lives without pods", () => {
  const [deployment] = ofKind(recorded, "Deployment").filter(({ name }) => name === "nginx");
  const [container] = deployment?.inputs.spec.template.spec.containers ?? [];
  assert.equal(container.startupProbe.httpGet.path, "/healthz/started");
  assert.equal(container.readinessProbe.httpGet.path, "/healthz");
  assert.equal(container.livenessProbe.httpGet.path, "/healthz/alive");
});

test("the gateway checks its configuration with the same image and files before it starts, and reports the line", () => {
  const [deployment] = ofKind(recorded, "Deployment").filter(({ name }) => name === "nginx");
  const { initContainers, containers: main } = deployment?.inputs.spec.template.spec ?? {};
  const [check] = initContainers;
  assert.deepEqual(check.command, [...main[0].command, "-t", "-q"]);
  assert.deepEqual([check.image, check.volumeMounts], [main[0].image, main[0].volumeMounts]);
  assert.equal(check.terminationMessagePolicy, "FallbackToLogsOnError");
});

test("every workload of several pods has a disruption budget that selects its pods", () => {
  const budgets = ofKind(recorded, "PodDisruptionBudget").map(
    ({ inputs }) => inputs.spec.selector.matchLabels,
  );
  const several = [...ofKind(recorded, "Deployment"), ...ofKind(recorded, "StatefulSet")].filter(
    ({ inputs }) => inputs.spec.replicas > 1,
  );
  assert.ok(several.length >= 3);
  for (const { name, inputs } of several) {
    const labels = inputs.spec.template.metadata.labels;
    const covers = (selector: Record<string, string>) =>
      Object.entries(selector).every(([key, value]) => labels[key] === value);
    assert.equal(budgets.filter(covers).length, 1, name);
  }
});

test("the API gets exactly the variables that api.env refuses, but for those that stay at their defaults", () => {
  const [deployment] = ofKind(recorded, "Deployment").filter(({ name }) => name === "api");
  const [secret] = ofKind(recorded, "Secret").filter(({ name }) => name === "api");
  const inTemplate = deployment?.inputs.spec.template.spec.containers[0].env;
  const names = [
    ...inTemplate.map(({ name }: { name: string }) => name),
    ...Object.keys(secret?.inputs.stringData.value),
  ];
  assert.deepEqual(
    [...names, "REDIS_MODE", "REDIS_DATABASE", "DATABASE_CA"].sort(),
    Object.keys(stackVariables).sort(),
  );
});

test("the API gets the size of its upload volume", () => {
  const [deployment] = ofKind(recorded, "Deployment").filter(({ name }) => name === "api");
  const { containers, volumes } = deployment?.inputs.spec.template.spec ?? {};
  const sizes = volumes.map((volume: { name: string; emptyDir: object }) => [volume.name, volume.emptyDir]);
  const env = containers[0].env.map(({ name, value }: { name: string; value: string }) => [name, value]);
  assert.deepEqual(new Map(sizes).get("uploads"), { sizeLimit: "64Mi" });
  assert.equal(new Map(env).get("UPLOAD_DIR_BYTES"), String(64 * 1024 ** 2));
});

test("the outputs list every workload with its selector", async () => {
  const { workloads: listed, endpoint, namespace } = program;
  assert.equal(namespace, "breakwater-test");
  assert.equal(await resolved(pulumi.output(endpoint)), "http://127.0.0.1:30080");
  assert.deepEqual(
    listed.map(({ role, replicas, memoryLimitBytes }) => [role, replicas, memoryLimitBytes / 1024 ** 2]),
    [
      ["api", 3, 256],
      ["nginx", 2, 64],
      ["redis", 6, 64],
      ["database", 1, 256],
    ],
  );
  for (const { name, kind, selector } of listed) {
    const [made] = ofKind(recorded, kind).filter((resource) => resource.inputs.metadata.name === name);
    assert.deepEqual(selector, made?.inputs.spec.selector.matchLabels);
  }
});
