import assert from "node:assert/strict";
import { test } from "node:test";
import type { V1Pod } from "@kubernetes/client-node";
import { listedPod, sampleWorkload } from "../testing/samples.ts";
import { bytesOf } from "./pod-containers.ts";
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

test("PodHistory ignores restarts and OOM kills before the run", () => {
  const pod = listedPod("a", { restartCount: 4, lastEnd: oom });
  const history = after([pod], [pod]);
  assert.deepEqual([history.pods[0]?.restarts, history.pods[0]?.oomKills, history.events], [0, 0, []]);
});

test("PodHistory counts an OOM kill once, as kill and as restart", () => {
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

test("PodHistory counts a restart when a container has ended", () => {
  const history = after([listedPod("a")], [listedPod("a", { lastEnd: crash, ended: true })]);
  assert.deepEqual([history.pods[0]?.restarts, history.pods[0]?.oomKills], [1, 0]);
  assert.equal(history.pods[0]?.running, false);
});

test("PodHistory counts all restarts between two lists", () => {
  const history = after(
    [listedPod("a", { restartCount: 1 })],
    [listedPod("a", { restartCount: 4, lastEnd: crash })],
  );
  assert.equal(history.pods[0]?.restarts, 3);
});

test("PodHistory treats a pod of the same name with another UID as new", () => {
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

test("PodHistory marks deleted and evicted pods as gone", () => {
  assert.equal(replaced(after([listedPod("a")], [listedPod("a", {}, { deleted: true })])).length, 1);
  assert.equal(replaced(after([listedPod("a")], [listedPod("a", {}, { phase: "Failed" })])).length, 1);
  assert.equal(replaced(after([listedPod("a")], [listedPod("a"), listedPod("b")])).length, 0);
});

test("PodHistory marks a pod that came and went during the run as gone", () => {
  assert.equal(
    replaced(after([listedPod("a")], [listedPod("a"), listedPod("b")], [listedPod("a")])).length,
    1,
  );
});

test("PodHistory counts everything that happened to a pod that is new in the run", () => {
  const history = after([], [listedPod("a", { restartCount: 2, lastEnd: oom })]);
  assert.deepEqual([history.pods[0]?.restarts, history.pods[0]?.oomKills], [2, 1]);
});

test("PodHistory ignores pods of no workload", () => {
  const job = listedPod("job");
  if (job.metadata) job.metadata.labels = { app: "form-redis" };
  assert.deepEqual(after([job]).pods, []);
});

test("notReady names workloads with too few ready pods", () => {
  const workloads = [sampleWorkload({ replicas: 2 })];
  assert.deepEqual(notReady(workloads, [listedPod("a"), listedPod("b", {}, { ready: false })]), [
    "api has 1 of 2 pods ready",
  ]);
  assert.deepEqual(notReady(workloads, [listedPod("a"), listedPod("b")]), []);
});

test("PodHistory counts one flap each time that a pod becomes not ready", () => {
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

test("PodHistory counts a flap between two lists", () => {
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

test("PodHistory counts no flap of a pod that terminates or is not ready yet", () => {
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

/** The pod with one more container before its main one. @param restartPolicy `Always` for a native sidecar */
function withInit(pod: V1Pod, name: string, restartPolicy: string | undefined, state: object): V1Pod {
  const status = { name, image: "image", imageID: "id", ready: true, restartCount: 0, ...state };
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: pod.spec?.containers ?? [],
      initContainers: [{ name, restartPolicy, resources: { limits: { memory: "64Mi" } } }],
    },
    status: { ...pod.status, initContainerStatuses: [status] },
  };
}
const ended = (id: string, reason: string, exitCode: number) => ({
  terminated: { containerID: id, reason, exitCode },
});
const runs = { running: {} };

test("PodHistory counts restarts and OOM kills of native sidecars", () => {
  const pod = (state: object) => withInit(listedPod("a"), "rejoin", "Always", state);
  const history = after(
    [pod({ state: runs })],
    [pod({ restartCount: 1, state: runs, lastState: ended("s1", "OOMKilled", 137) })],
    [pod({ restartCount: 2, state: runs, lastState: ended("s2", "Error", 1) })],
  );
  const [record] = history.pods;
  assert.deepEqual([record?.restarts, record?.oomKills, record?.running], [2, 1, true]);
  assert.deepEqual(
    history.events.map(({ kind, detail }) => `${kind} ${detail}`),
    ["oom_kill rejoin: OOMKilled, exit code 137", "restart rejoin: Error, exit code 1"],
  );
  assert.deepEqual(
    history.containersOf("a").map(({ name, kind, memoryLimitBytes }) => [name, kind, memoryLimitBytes]),
    [
      ["api", "main", null],
      ["rejoin", "sidecar", 64 * 1024 ** 2],
    ],
  );
});

test("PodHistory does not run a pod whose native sidecar has ended", () => {
  const history = after([withInit(listedPod("a"), "rejoin", "Always", { state: ended("s1", "Error", 1) })]);
  assert.equal(history.pods[0]?.running, false);
});

test("PodHistory counts no end of an init container that has done its work, and each one that failed", () => {
  const pod = (state: object) => withInit(listedPod("a"), "prepare", undefined, state);
  const completed = { state: ended("i1", "Completed", 0) };
  assert.deepEqual(after([], [pod(completed)], [pod(completed)]).pods[0]?.restarts, 0);
  const failed = { restartCount: 1, state: ended("i2", "Completed", 0), lastState: ended("i1", "Error", 2) };
  assert.deepEqual(after([], [pod(failed)]).pods[0]?.restarts, 1);
});

test("bytesOf reads quantities of Kubernetes", () => {
  assert.deepEqual(["64Mi", "1.5Gi", "200M", "1000", undefined, "1e3"].map(bytesOf), [
    64 * 1024 ** 2,
    1.5 * 1024 ** 3,
    200e6,
    1000,
    null,
    null,
  ]);
});
