import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../host/cluster-api.ts";
import { type LeaseTimes, leaseHolder, ReleaseLease } from "./lease.ts";
import { MemoryApi } from "./testing/memory-api.ts";

const path = "/apis/coordination.k8s.io/v1/namespaces/shop/leases/breakwater-release";

/** A clock that only sleeping moves. */
function clock(): LeaseTimes & { nowMs: number } {
  const times = {
    nowMs: 0,
    durationMs: 30_000,
    renewMs: 5_000,
    pollMs: 1_000,
    monotonicMs: () => times.nowMs,
    async sleep(ms: number) {
      times.nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return times;
}

/** A Lease that a process held when it was killed, at any time by its own clock. */
async function leaseOf(holder: string, renewTime: string): Promise<MemoryApi> {
  const api = new MemoryApi();
  await api.create("/apis/coordination.k8s.io/v1/namespaces/shop/leases", {
    metadata: { name: "breakwater-release" },
    spec: { holderIdentity: holder, leaseDurationSeconds: 30, renewTime, leaseTransitions: 4 },
  });
  return api;
}

test("the first process gets the Lease and gives it back", async () => {
  const api = new MemoryApi();
  const lease = await ReleaseLease.acquire(api, "shop", "a", () => {}, clock());
  assert.equal(await leaseHolder(api, "shop"), "a");
  await lease.release();
  assert.equal(await leaseHolder(api, "shop"), undefined);
  await (await ReleaseLease.acquire(api, "shop", "b", () => {}, clock())).release();
});

for (const renewTime of ["1999-01-01T00:00:00.000000Z", "2099-01-01T00:00:00.000000Z"])
  test(`a dead holder's Lease of ${renewTime.slice(0, 4)} is taken over after this process has seen it for its whole time`, async () => {
    const api = await leaseOf("dead", renewTime);
    const times = clock();
    const details: string[] = [];
    const lease = await ReleaseLease.acquire(api, "shop", "b", (detail) => details.push(detail), times);
    assert.ok(times.nowMs >= 30_000 && times.nowMs < 31_000, `${times.nowMs} ms`);
    assert.match(details[0] ?? "", /^dead holds the release; .* in 30 s$/);
    const { spec } = await api.getJson<{ spec: { holderIdentity: string; leaseTransitions: number } }>(path);
    assert.deepEqual([spec.holderIdentity, spec.leaseTransitions], ["b", 5]);
    await lease.release();
  });

test("a holder that renews its Lease is not disturbed, whatever its clock says", async () => {
  const api = await leaseOf("alive", "1999-01-01T00:00:00.000000Z");
  const times = clock();
  const sleep = times.sleep;
  times.sleep = async (ms) => {
    await sleep(ms);
    if (times.nowMs === 5_000) await api.patch(path, { spec: { renewTime: "1999-01-01T00:00:05.000000Z" } });
  };
  await assert.rejects(
    ReleaseLease.acquire(api, "shop", "b", () => {}, times),
    {
      message: "a release of this stack is running: alive",
    },
  );
  assert.equal(await leaseHolder(api, "shop"), "alive");
});

test("only one of two processes that wait takes a dead holder's Lease over", async () => {
  const api = await leaseOf("dead", "1999-01-01T00:00:00.000000Z");
  const times = clock();
  const results = await Promise.allSettled(
    ["b", "c"].map((holder) => ReleaseLease.acquire(api, "shop", holder, () => {}, times)),
  );
  const taken = results.filter(({ status }) => status === "fulfilled");
  assert.equal(taken.length, 1);
  for (const result of results) if (result.status === "fulfilled") await result.value.release();
});

test("a process learns that its Lease was taken over", async () => {
  const api = new MemoryApi();
  const times = clock();
  const lease = await ReleaseLease.acquire(api, "shop", "a", () => {}, times);
  await api.patch(path, { spec: { holderIdentity: "b" } });
  while (!lease.lost.aborted) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(times.nowMs <= 10_000);
  await lease.release();
  assert.equal(await leaseHolder(api, "shop"), "b");
});

test("a process that cannot renew its Lease for its whole time gives up, and not earlier", async () => {
  const api = new MemoryApi();
  const times = clock();
  const lease = await ReleaseLease.acquire(api, "shop", "a", () => {}, times);
  api.patch = async () => {
    throw new ApiError(0, "no response within 5 s");
  };
  while (!lease.lost.aborted) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(times.nowMs > 30_000 && times.nowMs < 45_000, `${times.nowMs} ms`);
  await lease.release();
});
