import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];

const pod = (team: string) => ({
  labels: { team },
  annotations: { "example.org/owner": team },
  nodeSelector: { pool: team },
  tolerations: [{ key: "dedicated", operator: "Equal", value: team, effect: "NoSchedule" }],
  priorityClassName: team,
  imagePullSecrets: [`${team}-mirror`],
  volumes: [{ name: "ca", mountPath: "/etc/ca", secret: `${team}-ca` }],
});

before(async () => {
  ({ recorded } = await runProgram({
    api: { podMonitor: true, pod: pod("payments"), pools: [{ name: "blue", replicas: 1 }] },
    nginx: { metrics: true, podMonitor: true, pod: pod("edge") },
    redis: { server: "valkey", podMonitor: true, pod: pod("cache") },
    database: { pod: pod("storage") },
    network: { policies: false },
  }));
});

/** The pod template of the workload whose name starts with `name`. */
function template(kind: string, name: string) {
  const found = ofKind(recorded, kind).find((resource) => resource.name.startsWith(name));
  return found?.inputs.spec.template;
}

const workloads = [
  ["Deployment", "api-blue", "payments"],
  ["Deployment", "nginx", "edge"],
  ["StatefulSet", "redis", "cache"],
  ["StatefulSet", "database", "storage"],
] as const;

for (const [kind, name, team] of workloads) {
  test(`${kind} ${name} takes the pod options of its section`, () => {
    const { metadata, spec } = template(kind, name);
    const { labels, annotations, nodeSelector, tolerations, priorityClassName } = pod(team);
    assert.equal(metadata.labels.team, labels.team);
    for (const [key, value] of Object.entries(annotations)) assert.equal(metadata.annotations[key], value);
    assert.deepEqual(
      [spec.nodeSelector, spec.tolerations, spec.priorityClassName, spec.imagePullSecrets],
      [nodeSelector, tolerations, priorityClassName, [{ name: `${team}-mirror` }]],
    );
    for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
      const mount = container.volumeMounts.find((each: { name: string }) => each.name === "ca");
      assert.deepEqual(mount, { name: "ca", mountPath: "/etc/ca", readOnly: true }, container.name);
    }
  });
}

test("the Redis formation's pod takes only redis.pod's scheduling options and pull secrets", () => {
  const { metadata, spec } = template("Job", "redis-formation");
  const { nodeSelector, tolerations, priorityClassName } = pod("cache");
  assert.deepEqual(
    [spec.nodeSelector, spec.tolerations, spec.priorityClassName, spec.imagePullSecrets],
    [nodeSelector, tolerations, priorityClassName, [{ name: "cache-mirror" }]],
  );
  const annotations = Object.keys(metadata.annotations);
  assert.deepEqual([metadata.labels.team, annotations], [undefined, ["breakwater.dev/statefulset"]]);
  assert.deepEqual([spec.volumes, spec.containers[0].volumeMounts], [undefined, undefined]);
});

test("network.policies false creates no NetworkPolicy", () => {
  assert.deepEqual(ofKind(recorded, "NetworkPolicy"), []);
});

test("no selector has a label of the pod options", () => {
  for (const { name, type, inputs } of recorded.filter(({ inputs }) => inputs.spec?.selector))
    assert.ok(!JSON.stringify(inputs.spec.selector).includes("team"), `${type} ${name}`);
});

for (const [section, deployment, monitorName] of [
  ["api", "api-blue", "api-metrics"],
  ["nginx", "nginx", "nginx-metrics"],
  ["redis", "redis-controller", "redis-controller-metrics"],
] as const)
  test(`${section}.podMonitor selects the pods, and a port that they have`, () => {
    const monitor = ofKind(recorded, "PodMonitor").find(({ name }) => name === monitorName);
    const { selector, podMetricsEndpoints } = monitor?.inputs.spec ?? {};
    const { metadata, spec } = template("Deployment", deployment);
    for (const [key, value] of Object.entries(selector.matchLabels))
      assert.equal(metadata.labels[key], value);
    const ports = spec.containers[0].ports.map(({ name }: { name: string }) => name);
    assert.ok(ports.includes(podMetricsEndpoints[0].port));
  });

test("nginx.metrics has a port of the pods that no Service has, and the programs that nginx.conf loads", () => {
  const { metadata, spec } = template("Deployment", "nginx");
  const port = spec.containers[0].ports.find(({ name }: { name: string }) => name === "metrics");
  assert.equal(metadata.annotations["prometheus.io/port"], String(port.containerPort));
  for (const { inputs } of ofKind(recorded, "Service"))
    for (const { targetPort } of inputs.spec.ports)
      assert.ok(targetPort !== "metrics" && targetPort !== port.containerPort);
  const { data } = ofKind(recorded, "ConfigMap").find(({ name }) => name === "nginx")?.inputs ?? {};
  const loaded = [...data["nginx.conf"].matchAll(/^ *js_import \w+ from (\S+);$/gm)].map(([, file]) => file);
  assert.deepEqual(loaded, ["retry-budget.js", "count-log.js", "metrics-page.js"]);
  for (const file of [...loaded, "counters.js"]) assert.ok(data[file].length > 0, file);
});

test("pods with Valkey run its program from its image", () => {
  const set = ofKind(recorded, "StatefulSet").find(({ name }) => name === "redis");
  assert.equal(set?.inputs.metadata.annotations["breakwater.dev/redis-server"], "valkey");
  const [container] = template("StatefulSet", "redis").spec.containers;
  assert.equal(container.image, "valkey/valkey:9.1");
  assert.ok(container.command.includes("valkey-server"));
  assert.ok(!container.command.includes("redis-server"));
});
