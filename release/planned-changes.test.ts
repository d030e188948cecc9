import assert from "node:assert/strict";
import { test } from "node:test";
import { plannedChanges, previewErrors } from "./planned-changes.ts";

const urn = (types: string, name: string) => `urn:pulumi:prod::breakwater::${types}::${name}`;
const api = {
  op: "update",
  urn: urn("breakwater:k8s:Api$kubernetes:apps/v1:Deployment", "api"),
  detailedDiff: { "spec.template.spec.containers[0].image": { kind: "update" } },
  newState: { inputs: { spec: { template: { spec: { containers: [{ image: "api:2" }] } } } } },
};
const same = { op: "same", urn: urn("kubernetes:core/v1:Namespace", "namespace") };
const changesOf = (...steps: object[]) => plannedChanges(JSON.stringify({ steps }));

test("plannedChanges finds the new image of the API and nothing else", () => {
  assert.deepEqual(changesOf(api, same), {
    api: true,
    image: "api:2",
    kept: [],
    persistent: [],
    ports: [],
    any: true,
  });
});

test("plannedChanges finds that nothing changes", () => {
  const { any, api: isApi, image } = changesOf({ ...api, op: "same" }, same) ?? {};
  assert.deepEqual([any, isApi, image], [false, false, "api:2"]);
});

test("plannedChanges reports what going back does not take back, but not programs that only get another image", () => {
  const conf = {
    op: "create-replacement",
    urn: urn("breakwater:k8s:NginxGateway$kubernetes:core/v1:ConfigMap", "nginx"),
    detailedDiff: { data: { kind: "update-replace" } },
  };
  const controller = {
    op: "update",
    urn: urn("breakwater:k8s:RedisController$kubernetes:apps/v1:Deployment", "redis-controller"),
    detailedDiff: { "spec.template.spec.containers[0].image": { kind: "update" } },
  };
  assert.deepEqual(changesOf(api, conf, controller)?.kept, ["ConfigMap nginx"]);
});

const redis = urn("breakwater:k8s:RedisCluster$kubernetes:apps/v1:StatefulSet", "redis");
for (const [what, step, expected] of [
  ["another number of Redis nodes", { op: "update", urn: redis, detailedDiff: { "spec.replicas": {} } }, 1],
  ["a replaced StatefulSet", { op: "replace", urn: redis, detailedDiff: {} }, 1],
  [
    "other volumes",
    { op: "update", urn: redis, detailedDiff: { "spec.volumeClaimTemplates[0].spec": {} } },
    1,
  ],
  [
    "another Redis server",
    { op: "update", urn: redis, detailedDiff: { 'metadata.annotations["breakwater.dev/redis-server"]': {} } },
    1,
  ],
  [
    "more memory for Redis",
    { op: "update", urn: redis, detailedDiff: { "spec.template.spec.containers[0].resources": {} } },
    0,
  ],
] as const)
  test(`plannedChanges ${expected > 0 ? "finds" : "does not count"} ${what} among topology and storage`, () => {
    assert.equal(changesOf(api, step)?.persistent.length, expected);
  });

test("plannedChanges finds volumes that grow", () => {
  const diagnostics = [{ severity: "info", message: "the volume of data-redis-0 grows from 1 GiB to 2 GiB" }];
  const found = plannedChanges(JSON.stringify({ steps: [api], diagnostics }));
  assert.deepEqual(found?.persistent, ["the volume of data-redis-0 grows from 1 GiB to 2 GiB"]);
});

test("output that is no preview has no changes, and its errors are read", () => {
  assert.equal(plannedChanges("error: no stack"), undefined);
  assert.equal(plannedChanges("{}")?.image, undefined);
  const diagnostics = [
    { severity: "warning", message: "careful" },
    { severity: "error", message: "The release r-1 is open\n" },
  ];
  assert.equal(previewErrors(JSON.stringify({ diagnostics })), "The release r-1 is open");
  assert.equal(previewErrors(""), "");
});

test("plannedChanges finds another port of the API, and no Service that is new", () => {
  const service = (op: string, name: string) => ({
    op,
    urn: urn("breakwater:k8s:Api$kubernetes:core/v1:Service", name),
    detailedDiff: { "spec.ports[0].port": {} },
  });
  assert.deepEqual(changesOf(api, service("update", "api-headless"))?.ports, ["api-headless"]);
  assert.deepEqual(changesOf(api, service("create", "api-canary-headless"))?.ports, []);
});
