import assert from "node:assert/strict";
import { test } from "node:test";
import type { V1Pod } from "@kubernetes/client-node";
import { listedPod, sampleWorkload } from "../testing/samples.ts";
import { notReady, PodHistory } from "./pod-history.ts";

/** The history after these lists of pods, one second apart. */
function after(...lists: V1Pod[][]): PodHistory {
  const history = new PodHistory([sampleWorkload()]);
  for (const [index, pods] of lists.entries()) history.add(pods, index * 1000);
  return history;
}
const replaced = (history: PodHistory) => history.pods.filter((pod) => pod.gone);
const oom = { id: "c1", reason: "OOMKilled", exitCode: 137 };
const crash = { id: "c1", reason: "Error", exitCode: 3 };

test("restarts and OOM kills of before the run do not count", () => {
  const pod = listedPod("a", { restartCount: 4, lastEnd: oom });
  const history = after([pod], [pod]);
  assert.deepEqual([history.pods[0]?.restarts, history.pods[0]?.oomKills, history.events], [0, 0, []]);
});

test("an OOM kill counts once, as kill and as restart, however often it is seen", () => {
  const history = after(
    [listedPod("a", { restartCount: 1, lastEnd: { ...oom, id: "c0" } })],
    [listedPod("a", { restartCount: 1, lastEnd: oom, ended: true })],
    [listedPod("a", { restartCount: 2, lastEnd: oom })],
    [listedPod("a", { restartCount: 2, lastEnd: oom })],
  );
  const [pod] = history.pods;
  assert.deepEqual([pod?.restarts, pod?.oomKills, pod?.lastEnd], [1, 1, "OOMKilled, exit code 137"]);
  assert.deepEqual(
    history.events.map((event) => [event.kind, event.atMs]),
    [["oom_kill", 1000]],
  );
});

test("a container that ended and is not yet started again is a restart already", () => {
  const history = after([listedPod("a")], [listedPod("a", { lastEnd: crash, ended: true })]);
  assert.deepEqual([history.pods[0]?.restarts, history.pods[0]?.oomKills], [1, 0]);
  assert.equal(history.pods[0]?.running, false);
});

test("restarts between two looks all count", () => {
  const history = after(
    [listedPod("a", { restartCount: 1 })],
    [listedPod("a", { restartCount: 4, lastEnd: crash })],
  );
  assert.equal(history.pods[0]?.restarts, 3);
});

test("a pod of the same name with another UID is a replaced pod", () => {
  const twin = listedPod("b");
  if (twin.metadata) twin.metadata.name = "api-a";
  const history = after([listedPod("a")], [twin]);
  assert.deepEqual(
    replaced(history).map((pod) => pod.uid),
    ["a"],
  );
  assert.deepEqual(
    history.events.map((event) => event.kind),
    ["pod_gone", "pod_new", "ready"],
  );
});

test("a pod that is being deleted or was evicted is gone; one that only joins is not", () => {
  assert.equal(replaced(after([listedPod("a")], [listedPod("a", {}, { deleted: true })])).length, 1);
  assert.equal(replaced(after([listedPod("a")], [listedPod("a", {}, { phase: "Failed" })])).length, 1);
  assert.equal(replaced(after([listedPod("a")], [listedPod("a"), listedPod("b")])).length, 0);
});

test("a pod that came and went during the run counts as replaced", () => {
  assert.equal(
    replaced(after([listedPod("a")], [listedPod("a"), listedPod("b")], [listedPod("a")])).length,
    1,
  );
});

test("what happened to a pod that is new in the run happened in the run", () => {
  const history = after([], [listedPod("a", { restartCount: 2, lastEnd: oom })]);
  assert.deepEqual([history.pods[0]?.restarts, history.pods[0]?.oomKills], [2, 1]);
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
  const history = after([listedPod("a")], [away], [away], [listedPod("a")], [away]);
  assert.equal(history.pods[0]?.readinessFlaps, 2);
  assert.deepEqual(
    history.events.map((event) => [event.kind, event.workload, event.atMs]),
    [
      ["not_ready", "api", 1000],
      ["ready", "api", 3000],
      ["not_ready", "api", 4000],
    ],
  );
});

test("a pod that was away between two looks is a flap", () => {
  const since = (at: string) => listedPod("a", {}, { readySince: at });
  const history = after(
    [since("2030-01-01T00:00:00Z")],
    [since("2030-01-01T00:00:00Z")],
    [since("2030-01-01T00:00:09Z")],
  );
  assert.equal(history.pods[0]?.readinessFlaps, 1);
  assert.deepEqual(
    history.events.map((event) => [event.kind, event.atMs]),
    [
      ["not_ready", 2000],
      ["ready", 2000],
    ],
  );
});

test("a pod that is being ended, or that is not ready yet, does not flap", () => {
  const ending = listedPod("a", {}, { ready: false, deleted: true });
  const starting = listedPod("b", {}, { ready: false });
  const history = after([listedPod("a")], [ending, starting], [listedPod("b")]);
  assert.deepEqual(
    history.pods.map((pod) => pod.readinessFlaps),
    [0, 0],
  );
  assert.deepEqual(
    history.events.map((event) => [event.kind, event.pod]),
    [
      ["pod_gone", "api-a"],
      ["pod_new", "api-b"],
      ["ready", "api-b"],
    ],
  );
});
