import assert from "node:assert/strict";
import { test } from "node:test";
import { overlayOf } from "./overlay.ts";
import { type Release, steps } from "./record.ts";
import { parseRelease, RecordStore } from "./record-store.ts";
import { MemoryApi } from "./testing/memory-api.ts";
import { namespace, SimulatedStack } from "./testing/simulated-stack.ts";

const path = `/api/v1/namespaces/${namespace}/configmaps/breakwater-releases`;
const release = new SimulatedStack("good").release();

/** A store on a cluster whose record has these keys. */
async function storeWith(data: Record<string, string>) {
  const api = new MemoryApi();
  await api.create(`/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name: "breakwater-releases" },
    data,
  });
  return { api, store: new RecordStore(api, namespace) };
}

test("a release and its overlay are written in one request, and go together when it ends", async () => {
  const api = new MemoryApi();
  const store = new RecordStore(api, namespace);
  await store.load();
  await store.save(release);
  const written = await api.getJson<{ data: Record<string, string> }>(path);
  assert.deepEqual(Object.keys(written.data).sort(), ["open", "overlay"]);
  await store.save({ ...release, step: "ended", outcome: "passed" });
  const ended = await api.getJson<{ data: Record<string, string> }>(path);
  assert.deepEqual(Object.keys(ended.data), [`release-${release.id}`]);
});

test("a damaged record is reported with a fix, and the other releases are still read", async () => {
  const good = JSON.stringify({ ...release, step: "ended", outcome: "passed" });
  for (const [text, what] of [
    ["", /key open: is not JSON/],
    ['{"schema":1}', /key open: is no release: \/id/],
    ["null", /key open: is no release/],
    ['{"schema":2}', /has the schema 2 of a newer Breakwater/],
    [JSON.stringify({ ...release, step: "elsewhere" }), /key open: is no release: \/step/],
  ] as const) {
    const { store } = await storeWith({ open: text, overlay: "{}", "release-r-0": good, "release-r-1": "{" });
    const { open, ended, damaged } = await store.load();
    assert.equal(open, undefined);
    assert.equal(ended.length, 1);
    assert.match(damaged[0]?.what ?? "", what);
    assert.match(
      damaged[0]?.fix ?? "",
      /kubectl -n shop patch configmap .*"open":null,"overlay":null.*npm run up/,
    );
    assert.match(damaged[1]?.what ?? "", /key release-r-1/);
    assert.deepEqual(
      damaged.map(({ blocks }) => blocks),
      [true, false],
    );
    assert.match(damaged[1]?.fix ?? "", /"release-r-1":null/);
  }
});

test("an overlay without its release is reported", async () => {
  const { store } = await storeWith({ overlay: "{}" });
  const { damaged } = await store.load();
  assert.match(damaged[0]?.what ?? "", /has an overlay, but no open release/);
});

test("a process whose release another process has changed writes nothing", async () => {
  const { api, store } = await storeWith({});
  await store.load();
  const other = new RecordStore(api, namespace);
  await other.load();
  await other.save(release);
  await assert.rejects(store.save(release), { message: /another process has changed the record/ });
});

test("the record stays below the size that Kubernetes accepts", async () => {
  const { api, store } = await storeWith({});
  const long = { "nginx/nginx.conf": { sha256: "0", text: "x".repeat(200_000) } };
  for (let count = 0; count < 8; count++) {
    await store.load();
    const id = `r-${count}`;
    await store.save({
      ...release,
      id,
      step: "ended",
      outcome: "passed",
      rendered: { old: long, next: long },
    });
  }
  const { data } = await api.getJson<{ data: Record<string, string> }>(path);
  assert.ok(JSON.stringify(data).length < 1_000_000);
  assert.ok("release-r-7" in data);
  assert.ok(!("release-r-0" in data));
});

test("parseRelease reads what a release writes, at every step", () => {
  for (const step of steps) {
    const at: Release = { ...release, step };
    assert.deepEqual(parseRelease(JSON.stringify(at)), at);
  }
});

test("in every step of every release one pool with pods has traffic, and the old one keeps its number of pods", () => {
  for (const step of steps)
    for (const heldAt of [null, "compare", "canary-gate", "full-gate"] as const)
      for (const canaryWeight of [1, 10, 50]) {
        const pools = overlayOf({ ...release, step, heldAt, canaryWeight })?.pools;
        if (!pools) continue;
        const { stableWeight, stableReplicas, canaryReplicas } = pools;
        assert.ok(stableWeight > 0 || (pools.canaryWeight > 0 && canaryReplicas > 0), step);
        assert.equal(stableReplicas, release.stableReplicas);
      }
});
