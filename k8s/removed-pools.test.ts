import assert from "node:assert/strict";
import { test } from "node:test";
import type { PoolPlan } from "../config/derive.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { waitForUsersOfRemovedPools } from "./removed-pools.ts";

const selector = { "app.kubernetes.io/name": "nginx" };
const stable = { serviceName: "api-stable" } as PoolPlan;
const running = { metadata: { name: "nginx-b" } };
const stopping = { metadata: { name: "nginx-a", deletionTimestamp: "2026-11-27T10:00:00Z" } };

/** @returns how often the gateway's pods were read */
async function readsOfPods(services: readonly string[], pods: readonly object[][]): Promise<number> {
  let reads = 0;
  const getJson = async (path: string) => {
    if (path.includes("/services?")) return { items: services.map((name) => ({ metadata: { name } })) };
    assert.ok(path.endsWith("/pods?labelSelector=app.kubernetes.io%2Fname%3Dnginx"));
    return { items: pods[reads++] };
  };
  await waitForUsersOfRemovedPools({ getJson } as unknown as ClusterReader, "shop", selector, [stable]);
  return reads;
}

test("an update that removes a pool waits for the gateway's stopping pods", async () => {
  assert.equal(await readsOfPods(["api-stable", "api-canary"], [[stopping, running], [running]]), 2);
});

test("an update that removes no pool does not wait", async () => {
  assert.equal(await readsOfPods(["api-stable"], []), 0);
  assert.equal(await readsOfPods([], []), 0);
});
