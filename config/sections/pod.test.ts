import assert from "node:assert/strict";
import { test } from "node:test";
import { problemsOf } from "../testing/problems.ts";
import { validate } from "../validate.ts";
import type { PodConfig } from "./pod.ts";

/** `path: rule` of every problem. */
function problems(pod: object, workload = "api"): string[] {
  return problemsOf({ [workload]: { pod } }).map(({ path, rule }) => `${path}: ${rule}`);
}

test("pod is empty when nothing is given", () => {
  const empty: PodConfig = {
    labels: {},
    annotations: {},
    nodeSelector: {},
    tolerations: [],
    imagePullSecrets: [],
    volumes: [],
  };
  for (const { pod } of Object.values(validate({})).filter((section) => "pod" in section))
    assert.deepEqual({ ...pod }, empty);
});

test("pod reads every option", () => {
  const pod = {
    labels: { "example.org/team": "shop", rev: 7 },
    annotations: { "example.org/note": "any text: yes" },
    nodeSelector: { gpu: true },
    tolerations: [
      { operator: "Exists" },
      { key: "dedicated", value: "api", effect: "NoExecute", tolerationSeconds: "30" },
    ],
    priorityClassName: "high",
    imagePullSecrets: ["registry.example.org"],
    volumes: [
      { name: "ca", mountPath: "/etc/ca", configMap: "company-ca" },
      { name: "keys", mountPath: "/etc/keys", secret: "keys" },
      { name: "data", mountPath: "/srv", persistentVolumeClaim: "data" },
    ],
  };
  const { pod: read } = validate({ api: { pod } }).api;
  assert.deepEqual(
    { ...read },
    {
      ...pod,
      labels: { "example.org/team": "shop", rev: "7" },
      nodeSelector: { gpu: "true" },
      tolerations: [
        { operator: "Exists" },
        { key: "dedicated", value: "api", effect: "NoExecute", tolerationSeconds: 30 },
      ],
    },
  );
});

const volume = { name: "ca", mountPath: "/etc/ca", secret: "ca" };
const key =
  "must be a Kubernetes key: letters, digits, -, _ and ., at most 63, after an optional DNS name and /";
for (const [pod, found] of [
  [{ labels: { "a/b/c": "x" } }, `api.pod.labels.a/b/c: ${key}`],
  [{ annotations: { "-a": "x" } }, `api.pod.annotations.-a: ${key}`],
  [
    { labels: { a: "no spaces" } },
    "api.pod.labels.a: must be a label value: letters, digits, -, _ and ., at most 63, or empty",
  ],
  [
    { labels: { "app.kubernetes.io/instance": "x" } },
    'api.pod.labels["app.kubernetes.io/instance"]: is a label that the stack itself sets',
  ],
  [
    { tolerations: [{ key: "a", value: "b", operator: "Exists" }] },
    "api.pod.tolerations[0].value: must be absent with operator Exists",
  ],
  [
    { tolerations: [{ value: "b" }] },
    "api.pod.tolerations[0].operator: must be Exists in a toleration without a key",
  ],
  [
    { tolerations: [{ key: "a", effect: "NoSchedule", tolerationSeconds: 1 }] },
    "api.pod.tolerations[0].effect: must be NoExecute with tolerationSeconds",
  ],
  [
    { imagePullSecrets: ["Upper"] },
    "api.pod.imagePullSecrets[0]: must be a DNS name: lower-case letters, digits, dashes and dots, at most 253",
  ],
  [
    { imagePullSecrets: ["a", "b", "a"] },
    "api.pod.imagePullSecrets[2]: must be a value that no other item has",
  ],
  ...["/proc", "/sys/kernel", "/dev"].map((mountPath) => [
    { volumes: [{ ...volume, mountPath }] },
    `api.pod.volumes[0].mountPath: must be neither above nor below another path of the pod, which is /${mountPath.split("/")[1]}`,
  ]),
  [
    { volumes: [{ ...volume, mountPath: "etc" }] },
    "api.pod.volumes[0].mountPath: must be an absolute path like /etc/ca, without . or .., : or a space, and without a / at the end",
  ],
  [
    { volumes: [{ ...volume, configMap: "ca" }] },
    "api.pod.volumes[0]: must have exactly one of secret, configMap, persistentVolumeClaim",
  ],
  [
    { volumes: [{ name: "ca", mountPath: "/etc/ca" }] },
    "api.pod.volumes[0]: must have exactly one of secret, configMap, persistentVolumeClaim",
  ],
  [
    { volumes: [{ ...volume, name: "uploads" }] },
    "api.pod.volumes[0].name: must be a name that no other volume of the pod has",
  ],
  [
    { volumes: [volume, { ...volume, mountPath: "/srv" }] },
    "api.pod.volumes[1].name: must be a name that no other volume of the pod has",
  ],
  ...["/tmp", "/tmp/ca", "/var/lib", "/app"].map((mountPath) => [
    { volumes: [{ ...volume, mountPath }] },
    `api.pod.volumes[0].mountPath: must be neither above nor below another path of the pod, which is ${
      { "/var/lib": "/var/lib/heap-snapshots", "/app": "/app" }[mountPath] ?? "/tmp"
    }`,
  ]),
] as [object, string][])
  test(`pod refuses ${JSON.stringify(pod)}`, () => assert.deepEqual(problems(pod), [found]));

test("pod refuses the paths of its own workload only", () => {
  const data = { volumes: [{ ...volume, mountPath: "/data" }] };
  assert.deepEqual(problems(data, "nginx"), []);
  assert.equal(problems(data, "redis").length, 1);
});
