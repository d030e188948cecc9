import assert from "node:assert/strict";
import { test } from "node:test";
import type { V1Pod } from "@kubernetes/client-node";
import { listedPod, sampleWorkload } from "../testing/samples.ts";
import { notReady, PodLedger, podsReplaced } from "./pod-history.ts";

function after(...looks: V1Pod[][]): PodLedger {
  const ledger = new PodLedger([sampleWorkload()]);
  looks.forEach((pods, at) => {
    ledger.look(pods, at * 1000);
  });
  return ledger;
}
const oom = { id: "c1", reason: "OOMKilled", exitCode: 137 };
const crash = { id: "c1", reason: "Error", exitCode: 3 };

test("restarts and OOM kills of before the run do not count", () => {
  const pod = listedPod("a", { restartCount: 4, lastEnd: oom });
  const ledger = after([pod], [pod]);
  assert.deepEqual([ledger.pods[0]?.restarts, ledger.pods[0]?.oomKills, ledger.events], [0, 0, []]);
});

test("an OOM kill counts once, as kill and as restart, however often it is seen", () => {
  const ledger = after(
    [listedPod("a", { restartCount: 1, lastEnd: { ...oom, id: "c0" } })],
    [listedPod("a", { restartCount: 1, lastEnd: oom, ended: true })],
    [listedPod("a", { restartCount: 2, lastEnd: oom })],
    [listedPod("a", { restartCount: 2, lastEnd: oom })],
  );
  const [pod] = ledger.pods;
  assert.deepEqual([pod?.restarts, pod?.oomKills, pod?.lastEnd], [1, 1, "OOMKilled, exit code 137"]);
  assert.deepEqual(
    ledger.events.map((event) => [event.kind, event.atMs]),
    [["oom_kill", 1000]],
  );
});

test("a container that ended and is not yet started again is a restart already", () => {
  const ledger = after([listedPod("a")], [listedPod("a", { lastEnd: crash, ended: true })]);
  assert.deepEqual([ledger.pods[0]?.restarts, ledger.pods[0]?.oomKills], [1, 0]);
  assert.equal(ledger.pods[0]?.running, false);
});

test("restarts between two looks all count", () => {
  const ledger = after(
    [listedPod("a", { restartCount: 1 })],
    [listedPod("a", { restartCount: 4, lastEnd: crash })],
  );
  assert.equal(ledger.pods[0]?.restarts, 3);
});

test("a pod of the same name with another UID is a replaced pod", () => {
  const twin = listedPod("b");
  if (twin.metadata) twin.metadata.name = "api-a";
  const ledger = after([listedPod("a")], [twin]);
  assert.deepEqual(
    podsReplaced(ledger.pods).map((pod) => pod.uid),
    ["a"],
  );
  assert.deepEqual(
    ledger.events.map((event) => event.kind),
    ["pod_gone", "pod_new", "ready"],
  );
});

test("a pod that is being deleted or was evicted is gone; one that only joins is not", () => {
  assert.equal(podsReplaced(after([listedPod("a")], [listedPod("a", {}, { deleted: true })]).pods).length, 1);
  assert.equal(
    podsReplaced(after([listedPod("a")], [listedPod("a", {}, { phase: "Failed" })]).pods).length,
    1,
  );
  assert.equal(podsReplaced(after([listedPod("a")], [listedPod("a"), listedPod("b")]).pods).length, 0);
});

test("a pod that came and went during the run counts as replaced", () => {
  assert.equal(
    podsReplaced(after([listedPod("a")], [listedPod("a"), listedPod("b")], [listedPod("a")]).pods).length,
    1,
  );
});

test("what happened to a pod that is new in the run happened in the run", () => {
  const ledger = after([], [listedPod("a", { restartCount: 2, lastEnd: oom })]);
  assert.deepEqual([ledger.pods[0]?.restarts, ledger.pods[0]?.oomKills], [2, 1]);
});

test("pods of no workload are not watched", () => {
  const job = listedPod("job");
  if (job.metadata) job.metadata.labels = { app: "form-redis" };
  assert.deepEqual(after([job]).pods, []);
});

test("tells which workload lacks ready pods", () => {
  const workloads = [sampleWorkload({ replicas: 2 })];
  assert.deepEqual(notReady(workloads, [listedPod("a"), listedPod("b", {}, { ready: false })]), [
    "api has 1 of 2 pods ready",
  ]);
  assert.deepEqual(notReady(workloads, [listedPod("a"), listedPod("b")]), []);
});

test("a pod that stops being ready is one flap, however long it lasts", () => {
  const away = listedPod("a", {}, { ready: false });
  const ledger = after([listedPod("a")], [away], [away], [listedPod("a")], [away]);
  assert.equal(ledger.pods[0]?.readinessFlaps, 2);
  assert.deepEqual(
    ledger.events.map((event) => [event.kind, event.workload, event.atMs]),
    [
      ["not_ready", "api", 1000],
      ["ready", "api", 3000],
      ["not_ready", "api", 4000],
    ],
  );
});

test("a pod that was away between two looks is a flap", () => {
  const since = (at: string) => listedPod("a", {}, { readySince: at });
  const ledger = after(
    [since("2030-01-01T00:00:00Z")],
    [since("2030-01-01T00:00:00Z")],
    [since("2030-01-01T00:00:09Z")],
  );
  assert.equal(ledger.pods[0]?.readinessFlaps, 1);
  assert.deepEqual(
    ledger.events.map((event) => [event.kind, event.atMs]),
    [
      ["not_ready", 2000],
      ["ready", 2000],
    ],
  );
});

test("a pod that is being ended, or that is not ready yet, does not flap", () => {
  const ending = listedPod("a", {}, { ready: false, deleted: true });
  const starting = listedPod("b", {}, { ready: false });
  const ledger = after([listedPod("a")], [ending, starting], [listedPod("b")]);
  assert.deepEqual(
    ledger.pods.map((pod) => pod.readinessFlaps),
    [0, 0],
  );
  assert.deepEqual(
    ledger.events.map((event) => [event.kind, event.pod]),
    [
      ["pod_gone", "api-a"],
      ["pod_new", "api-b"],
      ["ready", "api-b"],
    ],
  );
});
