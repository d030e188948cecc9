import assert from "node:assert/strict";
import { test } from "node:test";
import type { Manifest } from "../manifest.ts";
import { awaitRuleOf, timeoutSecondsOf } from "./rules.ts";

const judge = (kind: string, object: Manifest, related: Manifest[] = []) => {
  const apiVersion = kind === "Job" ? "batch/v1" : /Set|Deployment/.test(kind) ? "apps/v1" : "v1";
  const verdict = awaitRuleOf({ apiVersion, kind }, {})?.judge(object, related);
  return verdict?.state === "waiting" ? verdict.message : verdict?.state;
};

test("waits for all pods of a Deployment's new ReplicaSet, seen by the controller", () => {
  const deployment = (
    generation: number,
    replicas: number,
    updated: number,
    available: number,
  ): Manifest => ({
    metadata: { generation },
    spec: { replicas: 3 },
    status: { observedGeneration: 2, replicas, updatedReplicas: updated, availableReplicas: available },
  });
  assert.equal(judge("Deployment", deployment(3, 3, 3, 3)), "Waiting for the Deployment controller");
  const partly = "Waiting for app ReplicaSet to be available (2/3 Pods available)";
  assert.equal(judge("Deployment", deployment(2, 3, 3, 2)), partly);
  assert.equal(judge("Deployment", deployment(2, 4, 2, 4)), partly, "old pods do not count");
  assert.equal(judge("Deployment", deployment(2, 4, 3, 4)), "Waiting for 1 old Pods to be removed");
  assert.equal(judge("Deployment", deployment(2, 3, 3, 3)), "ready");
});

test("the rule of a Deployment reports why it gets no pods", () => {
  const conditions = [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }];
  const object = { metadata: { generation: 1 }, status: { observedGeneration: 1, conditions } };
  assert.match(String(judge("Deployment", object)), /0\/1 Pods available\): exceeded quota$/);
});

test("waits for a StatefulSet's pods to be ready and of the new revision", () => {
  const set = (status: Manifest, spec: Manifest = {}): Manifest => ({
    metadata: { generation: 1 },
    spec: { replicas: 2, ...spec },
    status: { observedGeneration: 1, replicas: 2, currentRevision: "a", updateRevision: "a", ...status },
  });
  assert.match(
    String(judge("StatefulSet", set({ updatedReplicas: 2, readyReplicas: 1 }))),
    /1\/2 Pods ready/,
  );
  assert.equal(judge("StatefulSet", set({ updatedReplicas: 2, readyReplicas: 2 })), "ready");
  const rolling = { updateRevision: "b", updatedReplicas: 1, readyReplicas: 2 };
  assert.match(String(judge("StatefulSet", set(rolling))), /1\/2 Pods updated/);
  const partition = { updateStrategy: { rollingUpdate: { partition: 1 } } };
  assert.equal(judge("StatefulSet", set(rolling, partition)), "ready");
  assert.equal(judge("StatefulSet", set(rolling, { updateStrategy: { type: "OnDelete" } })), "ready");
  const shrinking = { replicas: 3, updatedReplicas: 3, readyReplicas: 3 };
  assert.notEqual(judge("StatefulSet", set(shrinking)), "ready");
});

test("a Job is over when complete or failed", () => {
  const job = (type: string): Manifest => ({
    status: { conditions: [{ type, status: "True", reason: "R" }] },
  });
  assert.match(String(judge("Job", { status: { active: 1 } })), /1 Pods active/);
  assert.equal(judge("Job", job("Complete")), "ready");
  assert.equal(judge("Job", job("Failed")), "failed");
});

test("a Service waits for endpoints, all ready", () => {
  const service = { metadata: { name: "web" }, spec: { selector: { app: "web" }, clusterIP: "10.0.0.1" } };
  const slice = (...ready: boolean[]): Manifest => ({
    endpoints: ready.map((each) => ({ conditions: { ready: each } })),
  });
  assert.match(String(judge("Service", service, [])), /Pods that the Service selects/);
  assert.match(String(judge("Service", service, [slice(true, false)])), /1 of 2 not ready/);
  assert.equal(judge("Service", service, [slice(true), slice(true)]), "ready");
});

test("a Service that needs no endpoints is ready at once, a load balancer only with an address", () => {
  assert.equal(judge("Service", { spec: { selector: { a: "b" }, clusterIP: "None" } }), "ready");
  assert.equal(judge("Service", { spec: { type: "ExternalName", selector: { a: "b" } } }), "ready");
  assert.equal(judge("Service", { spec: {} }), "ready");
  assert.match(String(judge("Service", { spec: { type: "LoadBalancer" } })), /load balancer's address/);
  const status = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } };
  assert.equal(judge("Service", { spec: { type: "LoadBalancer" }, status }), "ready");
});

test("a claim is ready when bound, or pending for its first pod", () => {
  const claim = (phase: string): Manifest => ({ spec: { storageClassName: "s" }, status: { phase } });
  assert.match(String(judge("PersistentVolumeClaim", claim("Pending"))), /to be bound \(Pending\)/);
  assert.equal(judge("PersistentVolumeClaim", claim("Bound")), "ready");
  const lazy = { volumeBindingMode: "WaitForFirstConsumer" };
  assert.equal(judge("PersistentVolumeClaim", claim("Pending"), [lazy]), "ready");
});

test("there is no rule for objects that are ready once stored, nor when skipping is requested", () => {
  assert.equal(awaitRuleOf({ apiVersion: "v1", kind: "ConfigMap" }, {}), undefined);
  const skipped = { metadata: { annotations: { "pulumi.com/skipAwait": "true" } } };
  assert.equal(awaitRuleOf({ apiVersion: "apps/v1", kind: "Deployment" }, skipped), undefined);
});

test("takes the time limit from the program, then the annotation, then ten minutes", () => {
  const annotated = { metadata: { annotations: { "pulumi.com/timeoutSeconds": "30" } } };
  assert.equal(timeoutSecondsOf(5, annotated), 5);
  assert.equal(timeoutSecondsOf(0, annotated), 30);
  assert.equal(timeoutSecondsOf(0, {}), 600);
  const wrong = { metadata: { annotations: { "pulumi.com/timeoutSeconds": "soon" } } };
  assert.throws(() => timeoutSecondsOf(0, wrong), /"soon" is not a positive number of seconds/);
});
