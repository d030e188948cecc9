import assert from "node:assert/strict";
import { test } from "node:test";
import { type PodLife, scaledAway } from "./autoscaled-pods.ts";

const pod = (uid: string, times: Partial<PodLife> = {}): PodLife => ({ uid, template: "v1", ...times });

test("a pod that goes without another one was removed by the autoscaler, also after it added some", () => {
  const lives = [
    pod("a"),
    pod("b", { newAtMs: 10_000 }),
    pod("c", { newAtMs: 10_500, goneAtMs: 60_000 }),
    pod("d", { goneAtMs: 61_000 }),
  ];
  assert.deepEqual(scaledAway(lives), ["c", "d"]);
});

test("a pod whose place another one takes was replaced, one for one", () => {
  const lives = [
    pod("a", { goneAtMs: 20_000 }),
    pod("b", { goneAtMs: 20_000 }),
    pod("c", { newAtMs: 20_000 }),
  ];
  assert.deepEqual(scaledAway(lives), ["b"]);
  assert.deepEqual(scaledAway([...lives, pod("d", { newAtMs: 21_000 })]), []);
});

test("pods that go in a rollout were replaced, however long after the new ones came", () => {
  const lives = [pod("a", { goneAtMs: 40_000 }), pod("b", { newAtMs: 10_000, template: "v2" })];
  assert.deepEqual(scaledAway(lives), []);
});
