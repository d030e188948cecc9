import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { PodConfig } from "../config/sections/pod.ts";
import { MiB } from "../config/units.ts";
import { validate } from "../config/validate.ts";
import { podLabels } from "./labels.ts";
import { protectedAnnotation } from "./protected-database.ts";
import { newVolumes } from "./testing/idle-cluster.ts";
import { ofKind, recordResources } from "./testing/recording-mocks.ts";
import { createDeployment, createStatefulSet, selectorLabels, type WorkloadArgs } from "./workload.ts";

const patch: PodConfig = {
  labels: { team: "payments", "app.kubernetes.io/name": "mine" },
  annotations: { "sidecar.istio.io/inject": "false" },
  nodeSelector: { disk: "ssd" },
  tolerations: [{ key: "dedicated", operator: "Exists", effect: "NoSchedule" }],
  priorityClassName: "high",
  imagePullSecrets: ["mirror"],
  volumes: [
    { name: "ca", mountPath: "/etc/ca", configMap: "company-ca" },
    { name: "key", mountPath: "/etc/key", secret: "client-key" },
    { name: "shared", mountPath: "/srv", persistentVolumeClaim: "models" },
  ],
};

const amounts = { cpu: "100m", memory: "64Mi" };
const container = {
  name: "main",
  image: "example.org/app:1",
  resources: { requests: amounts, limits: amounts },
};
const args = (pod: PodConfig): WorkloadArgs => ({
  name: "app-blue",
  app: "app",
  role: "api",
  namespace: "space",
  replicas: 2,
  config: { memory: 64 * MiB, cpu: 100, cpuRequest: 100, pod },
  spec: {
    initContainers: [{ ...container, name: "first" }],
    containers: [{ ...container, volumeMounts: [{ name: "tmp", mountPath: "/tmp" }] }],
    volumes: [{ name: "tmp", emptyDir: { bytes: 64 * MiB } }],
  },
});

/** Creates a Deployment and a StatefulSet with the pod patch and returns their inputs. */
async function create(pod: PodConfig) {
  const recorded = recordResources();
  const parent = new pulumi.ComponentResource("test:Parent", "parent");
  createDeployment({ ...args(pod), pullSecrets: ["registry"], maxSurge: 1 }, parent);
  createStatefulSet({ ...args(pod), storage: MiB, volumes: newVolumes }, parent);
  await pulumi.runtime.disconnect();
  const inputs = ["Deployment", "StatefulSet"].map((kind) => ofKind(recorded, kind)[0]?.inputs);
  return { deployment: inputs[0], statefulSet: inputs[1] };
}

test("a pod patch reaches the pods of Deployments and StatefulSets", async () => {
  const { deployment, statefulSet } = await create(patch);
  for (const { template } of [deployment.spec, statefulSet.spec]) {
    assert.deepEqual(template.metadata.annotations, patch.annotations);
    assert.equal(template.metadata.labels.team, "payments");
    const { nodeSelector, tolerations, priorityClassName } = template.spec;
    assert.deepEqual(
      [nodeSelector, tolerations, priorityClassName],
      [patch.nodeSelector, patch.tolerations, "high"],
    );
  }
  const names = (inputs: typeof deployment) =>
    inputs.spec.template.spec.imagePullSecrets.map((reference: { name: string }) => reference.name);
  assert.deepEqual(names(deployment), ["registry", "mirror"]);
  assert.deepEqual(names(statefulSet), ["mirror"]);
});

test("a pod patch's labels change no selector", async () => {
  const own = { "app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "app-blue" };
  const { deployment } = await create(patch);
  const { selector, template } = deployment.spec;
  assert.deepEqual(selector.matchLabels, own);
  assert.deepEqual(template.spec.topologySpreadConstraints[0].labelSelector.matchLabels, own);
  const { team, ...labels } = template.metadata.labels;
  assert.equal(team, "payments");
  assert.deepEqual(labels, { ...podLabels("api"), ...own });
});

test("a pod patch's volumes are mounted read-only into every container", async () => {
  const { deployment } = await create(patch);
  const { volumes, initContainers, containers } = deployment.spec.template.spec;
  assert.deepEqual(volumes, [
    { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
    { name: "ca", configMap: { name: "company-ca" } },
    { name: "key", secret: { secretName: "client-key" } },
    { name: "shared", persistentVolumeClaim: { claimName: "models", readOnly: true } },
  ]);
  const mounts = [
    { name: "ca", mountPath: "/etc/ca", readOnly: true },
    { name: "key", mountPath: "/etc/key", readOnly: true },
    { name: "shared", mountPath: "/srv", readOnly: true },
  ];
  assert.deepEqual(initContainers[0].volumeMounts, mounts);
  assert.deepEqual(containers[0].volumeMounts, [{ name: "tmp", mountPath: "/tmp" }, ...mounts]);
});

test("an empty pod patch adds nothing to the pod template", async () => {
  const lists = { tolerations: [], imagePullSecrets: [], volumes: [] };
  const { statefulSet } = await create({ labels: {}, annotations: {}, nodeSelector: {}, ...lists });
  const { template } = statefulSet.spec;
  assert.deepEqual(Object.keys(template.metadata), ["labels"]);
  assert.deepEqual(Object.keys(template.spec).sort(), [
    "automountServiceAccountToken",
    "containers",
    "enableServiceLinks",
    "initContainers",
    "securityContext",
    "topologySpreadConstraints",
    "volumes",
  ]);
});

test("stack config refuses the labels that selectors use", () => {
  for (const label of Object.keys(selectorLabels("app", "app-blue"))) {
    const config = { api: { pod: { labels: { [label]: "mine" } } } };
    assert.throws(() => validate(config), new RegExp(`api\\.pod\\.labels.*${label}`), label);
  }
});

test("a StatefulSet shows whether Pulumi's state protects it", async () => {
  for (const protect of [true, false]) {
    const recorded = recordResources();
    const parent = new pulumi.ComponentResource("test:Parent", "parent");
    createStatefulSet({ ...args(patch), storage: MiB, volumes: newVolumes, protect }, parent);
    await pulumi.runtime.disconnect();
    const [statefulSet] = ofKind(recorded, "StatefulSet");
    assert.equal(
      statefulSet?.inputs.metadata.annotations?.[protectedAnnotation],
      protect ? "true" : undefined,
    );
  }
});

test("a Deployment that a release keeps ignores changes of its whole spec, and an autoscaled one those of its number of pods", async () => {
  const ignored: (string[] | undefined)[] = [];
  recordResources();
  const parent = new pulumi.ComponentResource(
    "test:Parent",
    "parent",
    {},
    {
      transformations: [
        ({ type, opts }) => {
          if (type.endsWith(":Deployment")) ignored.push(opts.ignoreChanges);
          return undefined;
        },
      ],
    },
  );
  for (const keeps of [{ keepsSpec: true }, { keepsReplicas: true }, {}])
    createDeployment({ ...args({} as PodConfig), ...keeps, maxSurge: 1 }, parent);
  await pulumi.runtime.disconnect();
  assert.deepEqual(ignored, [["spec"], ["spec.replicas"], []]);
});
