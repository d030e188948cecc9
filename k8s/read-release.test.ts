import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReleaseOverlay } from "../contract/release-overlay.ts";
import {
  failedReleaseNotice,
  openRelease,
  type ReleaseEnvironment,
  readReleases,
  requireReleasedImage,
} from "./open-release.ts";

// Needs a process of its own: it runs as an update of Pulumi, not as a preview.

const overlay: ReleaseOverlay = {
  releaseId: "r-1",
  image: "api:2",
  stableImage: "api:1",
  pools: { stableWeight: 100, stableReplicas: 2, canaryWeight: 0, canaryReplicas: 1, keepsCanary: false },
  kitImage: null,
};

/** A cluster whose ConfigMap of releases has these data. */
const clusterWith = (data: Record<string, string> | undefined, status = 404) => ({
  getJson: async <T>() => {
    if (data === undefined) throw Object.assign(new Error(`HTTP ${status}`), { status });
    return { data } as T;
  },
});
const readOpenRelease = async (
  cluster: ReturnType<typeof clusterWith>,
  namespace: string,
  env: ReleaseEnvironment,
) => openRelease(await readReleases(cluster, namespace), namespace, env);
const open = clusterWith({ overlay: JSON.stringify(overlay) });

test("openRelease refuses an update that is not the release's own, with the way out", async () => {
  for (const env of [{}, { BREAKWATER_RELEASE: "r-0" }])
    await assert.rejects(readOpenRelease(open, "shop", env), {
      message: /r-1 is open in the namespace shop, and this update is not part of it;.*--resume.*--abort/,
    });
});

test("openRelease returns the overlay to the release itself", async () => {
  assert.deepEqual(await readOpenRelease(open, "shop", { BREAKWATER_RELEASE: "r-1" }), overlay);
});

test("openRelease returns nothing without an open release, without rights and without a namespace", async () => {
  assert.equal(await readOpenRelease(clusterWith({}), "shop", {}), undefined);
  for (const status of [401, 403, 404])
    assert.equal(await readOpenRelease(clusterWith(undefined, status), "shop", {}), undefined);
});

test("openRelease refuses a release that has ended, a damaged overlay and a silent cluster", async () => {
  const own = { BREAKWATER_RELEASE: "r-1" };
  await assert.rejects(readOpenRelease(clusterWith({}), "shop", own), { message: /r-1 is no longer open/ });
  const noTraffic = { ...overlay, pools: { ...overlay.pools, stableWeight: 0 } };
  for (const text of ["{", "[]", JSON.stringify(noTraffic)])
    await assert.rejects(readOpenRelease(clusterWith({ overlay: text }), "shop", {}), {
      message: /breakwater-releases of the namespace shop is damaged/,
    });
  await assert.rejects(readOpenRelease(clusterWith(undefined, 500), "shop", {}), {
    message: /cannot be read: HTTP 500/,
  });
});

test("requireReleasedImage refuses another image in the release's own update, and pools of stack config", () => {
  const own = { BREAKWATER_RELEASE: "r-1" };
  requireReleasedImage(overlay, "api:2", false, own);
  requireReleasedImage(undefined, "api:3", true, {});
  requireReleasedImage({ ...overlay, image: null }, "api:3", false, own);
  assert.throws(() => requireReleasedImage(overlay, "api:3", false, own), {
    message: /is of the image api:2, and this checkout with its stack config has api:3/,
  });
  assert.throws(() => requireReleasedImage(overlay, "api:2", true, own), {
    message: /api.pools does not go with the open release r-1/,
  });
});

test("failedReleaseNotice warns of an image whose last release went back, and of no other", () => {
  const ended = (id: string, outcome: string, more: object = {}) => ({
    [`release-${id}`]: JSON.stringify({
      id,
      outcome,
      next: { image: "api:2" },
      old: { image: "api:1" },
      back: { reason: "p99 of light" },
      ...more,
    }),
  });
  const noticeOf = (data: Record<string, string>, image = "api:2") => failedReleaseNotice(data, image);
  const failed = ended("r-2", "failed");
  assert.match(noticeOf(failed) ?? "", /api:2 went back in its release r-2: p99 of light/);
  assert.equal(noticeOf(failed, "api:3"), undefined);
  assert.equal(noticeOf({ ...failed, ...ended("r-3", "passed") }), undefined);
  assert.equal(noticeOf({ "release-r-4": "{" }), undefined);
  assert.equal(noticeOf({}), undefined);
  // A release of settings only: the image serves.
  assert.equal(noticeOf(ended("r-5", "failed", { old: { image: "api:2" } })), undefined);
});
