import assert from "node:assert/strict";
import { test } from "node:test";
import type { Manifest } from "../manifest.ts";
import { podProblems, problemLines } from "./pod-problems.ts";

const pod = (containerStatus: Manifest, status: Manifest = {}): Manifest => ({
  metadata: { name: "web-1" },
  status: { containerStatuses: [{ name: "main", ...containerStatus }], ...status },
});
const linesOf = (object: Manifest, starting = false): string[] =>
  problemLines(podProblems(object, { starting }));

test("podProblems reports why a container waits, and an ordinary start only on request", () => {
  const pulling = pod({ state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } });
  assert.deepEqual(linesOf(pulling), [
    '[Pod web-1] container "main" waiting: ImagePullBackOff: no such image',
  ]);
  const starting = pod({ state: { waiting: { reason: "ContainerCreating" } } });
  assert.deepEqual(linesOf(starting), []);
  assert.deepEqual(linesOf(starting, true), ['[Pod web-1] container "main" waiting: ContainerCreating']);
});

test("podProblems reports how a container ended, also after its restart", () => {
  const killed = pod({
    restartCount: 2,
    state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
    lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } },
  });
  const [problem] = podProblems(killed, { starting: false });
  assert.equal(
    problem?.text,
    'container "main" terminated: OOMKilled with exit code 137, restarted 2 times (CrashLoopBackOff)',
  );
  assert.deepEqual(problem?.log, { container: "main", previous: true });
});

test("podProblems reports a running container whose probe fails, and a pod that fits on no node", () => {
  assert.deepEqual(linesOf(pod({ ready: false, state: { running: {} } })), [
    '[Pod web-1] container "main" running but not ready',
  ]);
  const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no cpu" }];
  assert.deepEqual(linesOf({ metadata: { name: "web-1" }, status: { conditions } }), [
    "[Pod web-1] unscheduled: Unschedulable: no cpu",
  ]);
});

test("finds nothing wrong with pods that run, have ended well or are being removed", () => {
  assert.deepEqual(linesOf(pod({ ready: true, state: { running: {} } })), []);
  assert.deepEqual(linesOf(pod({ state: { terminated: { exitCode: 0 } } }, { phase: "Succeeded" })), []);
  const going = pod({ ready: false, state: { running: {} } });
  assert.deepEqual(linesOf({ ...going, metadata: { name: "web-1", deletionTimestamp: "now" } }), []);
});

test("problems of several pods are reported once when they are the same", () => {
  const text = (name: string): string => `back-off restarting pod ${name}`;
  assert.deepEqual(
    problemLines([
      { pod: "web-1", text: text("web-1") },
      { pod: "web-2", text: text("web-2") },
    ]),
    ["[Pod web-1, web-2] back-off restarting pod <pod>"],
  );
});
