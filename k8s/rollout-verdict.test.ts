import assert from "node:assert/strict";
import { test } from "node:test";
import {
  judgeRollout,
  type PodView,
  type ReplicaSetView,
  type SetView,
  setViewOf,
} from "./rollout-verdict.ts";

const set = (status: SetView["status"], generation = 2): SetView => ({
  metadata: { generation },
  spec: { replicas: 2 },
  status: { observedGeneration: generation, updateRevision: "new", replicas: 2, ...status },
});
const rolledOut = set({ readyReplicas: 2, updatedReplicas: 2 });

interface Given {
  revision?: string;
  ready?: boolean;
  waiting?: { reason: string; message?: string };
  init?: boolean;
  phase?: string;
}

function pod(index: number, given: Given = {}): PodView {
  const { revision = "new", ready = false, waiting, init = false, phase = "Running" } = given;
  const state = waiting === undefined ? { running: {} } : { waiting };
  const statuses = [{ name: "main", state }];
  return {
    metadata: { name: `set-${index}`, uid: `uid-${index}`, labels: { "controller-revision-hash": revision } },
    status: {
      phase,
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      ...(init
        ? { initContainerStatuses: statuses, containerStatuses: [] }
        : { containerStatuses: statuses }),
    },
  };
}

const noImage = { reason: "ImagePullBackOff", message: "not found" };

test("judgeRollout calls a set ready when every pod has the new version and is ready", () => {
  const pods = [pod(0, { ready: true }), pod(1, { ready: true })];
  assert.equal(judgeRollout(rolledOut, pods).state, "ready");
  assert.equal(judgeRollout(set({ readyReplicas: 2, updatedReplicas: 1 }), pods).state, "running");
  assert.equal(judgeRollout(set({ readyReplicas: 1, updatedReplicas: 2 }), pods).state, "running");
});

test("judgeRollout trusts no status of before the last change", () => {
  const old = set({ readyReplicas: 2, updatedReplicas: 2, observedGeneration: 1 });
  const verdict = judgeRollout(old, [pod(0), pod(1, { waiting: noImage })]);
  assert.deepEqual([verdict.state, verdict.broken], ["waiting", []]);
});

test("judgeRollout calls a set running when all pods run, also unready or old ones", () => {
  assert.equal(judgeRollout(set({}), [pod(0, { revision: "old" }), pod(1)]).state, "running");
  assert.equal(judgeRollout(set({}), [pod(0)]).state, "waiting");
  assert.equal(judgeRollout(set({}), [pod(0), pod(1, { init: true })]).state, "waiting");
});

test("judgeRollout reports pods of the new version that cannot start, with container and reason", () => {
  for (const init of [false, true]) {
    const verdict = judgeRollout(set({}), [pod(0, { ready: true }), pod(1, { waiting: noImage, init })]);
    assert.deepEqual(
      verdict.broken.map(({ name, reason }) => [name, reason]),
      [["set-1", "container main: ImagePullBackOff: not found"]],
    );
    assert.deepEqual(verdict.stuck, []);
    assert.match(verdict.waitsFor, /^set-1 to be ready \(.*not found\)$/);
  }
  const starting = pod(1, { waiting: { reason: "ContainerCreating" } });
  assert.ok(judgeRollout(set({}), [pod(0), starting]).broken.every(({ onlyWith }) => onlyWith !== undefined));
});

test("judgeRollout reports pods of an earlier version that cannot start as stuck, not as broken", () => {
  const pods = [pod(0, { ready: true }), pod(1, { revision: "bad", waiting: noImage })];
  const { broken, stuck } = judgeRollout(set({}), pods);
  assert.deepEqual([broken, stuck.map(({ name }) => name)], [[], ["set-1"]]);
});

test("judgeRollout has more patience with a pending pod than with a broken one, and leaves running pods alone", () => {
  const old = { revision: "old" };
  const pods = [pod(0, { ...old, phase: "Pending" }), pod(1, { ...old, waiting: noImage }), pod(2, old)];
  const [pending, broken, running] = judgeRollout(set({}), pods).stuck;
  assert.ok(pending && broken && pending.patienceMs > broken.patienceMs);
  assert.equal(running, undefined);
});

test("judgeRollout ignores pods that are being deleted", () => {
  const deleted = pod(1, { revision: "old", waiting: noImage });
  deleted.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
  const { stuck, waitsFor } = judgeRollout(set({}), [pod(0), deleted]);
  assert.deepEqual([stuck, waitsFor], [[], "1 of 2 pods to be created"]);
});

const replicaSet = (revision: number, hash: string, owner = "own"): ReplicaSetView => ({
  metadata: {
    annotations: { "deployment.kubernetes.io/revision": String(revision) },
    labels: { "pod-template-hash": hash },
    ownerReferences: [{ uid: owner }],
  },
});
const ofDeployment = (view: PodView, hash: string): PodView => ({
  ...view,
  metadata: { ...view.metadata, labels: { "pod-template-hash": hash } },
});

test("a Deployment is ready when all pods of its newest ReplicaSet are available and no other pod is left", () => {
  const stateWith = (status: object) => {
    const deployment = {
      metadata: { uid: "own", generation: 3 },
      spec: { replicas: 2 },
      status: { observedGeneration: 3, replicas: 2, updatedReplicas: 2, availableReplicas: 2, ...status },
    };
    return judgeRollout(setViewOf(deployment, []), []).state;
  };
  assert.equal(stateWith({}), "ready");
  for (const status of [
    { availableReplicas: 1 },
    { replicas: 3 },
    { updatedReplicas: 1 },
    { observedGeneration: 2 },
  ])
    assert.equal(stateWith(status), "waiting", JSON.stringify(status));
});

test("a pod of a Deployment's newest ReplicaSet that cannot start is broken, with what its container wrote", () => {
  const status = { observedGeneration: 1, replicas: 3, updatedReplicas: 1, availableReplicas: 2 };
  const deployment = { metadata: { uid: "own", generation: 1 }, spec: { replicas: 2 }, status };
  const sets = [replicaSet(9, "old"), replicaSet(10, "new"), replicaSet(11, "other", "stranger")];
  const crashing = pod(0, { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" }, init: true });
  const [container] = crashing.status?.initContainerStatuses ?? [];
  assert.ok(container);
  container.lastState = { terminated: { message: "[emerg] unknown directive\n" } };
  const { broken } = judgeRollout(setViewOf(deployment, sets), [
    ofDeployment(crashing, "new"),
    ofDeployment(pod(1, { waiting: noImage }), "old"),
  ]);
  assert.deepEqual(
    broken.map(({ reason }) => reason),
    ["container main: CrashLoopBackOff: [emerg] unknown directive"],
  );
});

const broken = (view: PodView, unreadyMs?: number) => judgeRollout(set({}), [view], unreadyMs).broken[0];

test("a crashed container is reported with its exit code, and that it had no memory left", () => {
  const crashed = pod(0, { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } });
  const [container] = crashed.status?.containerStatuses ?? [];
  assert.ok(container);
  container.lastState = { terminated: { reason: "Error", exitCode: 3 } };
  assert.equal(broken(crashed)?.reason, "container main: CrashLoopBackOff (exit code 3): back-off 40s");
  assert.equal(broken(crashed)?.container, "main");
  container.lastState = { terminated: { reason: "OOMKilled", exitCode: 137 } };
  assert.match(broken(crashed)?.reason ?? "", /\(exit code 137, out of memory\)/);
});

test("a pod that no node takes is broken, but not while a machine is added for it", () => {
  const pending = pod(0, { phase: "Pending" });
  const unscheduled = (message: string): PodView => ({
    ...pending,
    status: {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
    },
  });
  const found = broken(unscheduled("0/1 nodes are available: 1 Insufficient cpu."));
  assert.equal(found?.reason, "no node takes it: 0/1 nodes are available: 1 Insufficient cpu.");
  assert.deepEqual(found?.unless, ["TriggeredScaleUp", "Nominated"]);
  const unbound = broken(unscheduled("pod has unbound immediate PersistentVolumeClaims."));
  assert.ok(unbound && found && unbound.patienceMs > found.patienceMs);
});

test("a pod whose containers are created counts as broken by its newest event only, and shows no reason before", () => {
  const creating = pod(0, { waiting: { reason: "ContainerCreating" }, phase: "Pending" });
  assert.ok(broken(creating)?.onlyWith?.includes("FailedMount"));
  assert.equal(judgeRollout(set({}), [creating, pod(1)]).waitsFor, "set-0 to be ready");
});

test("a pod that runs without being ready is broken where that is not usual", () => {
  const unready = pod(0);
  assert.equal(broken(unready), undefined);
  const found = broken(unready, 120_000);
  assert.deepEqual(
    [found?.reason, found?.container, found?.patienceMs],
    ["container main runs, but is not ready", "main", 120_000],
  );
  assert.equal(broken(pod(0, { ready: true }), 120_000), undefined);
});

test("a quota that refuses pods is reported with its message", () => {
  const conditions = [
    { type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: "exceeded quota: pods=2" },
  ];
  assert.equal(judgeRollout(set({ conditions }), []).refused, "exceeded quota: pods=2");
  assert.equal(judgeRollout(set({}), []).refused, undefined);
});
