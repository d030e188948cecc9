import assert from "node:assert/strict";
import { test } from "node:test";
import { validate } from "../config/validate.ts";
import { comparePlatforms, type LiveNode, nodesFor } from "./node-platforms.ts";

const node = (platform: string, labels: Record<string, string> = {}, isTainted = false): LiveNode => ({
  platform,
  labels,
  isTainted,
});
const amd = node("linux/amd64", { "kubernetes.io/arch": "amd64" });
const arm = node("linux/arm64", { "kubernetes.io/arch": "arm64" });
const image = (...platforms: string[]) => ({ platforms, option: "api.source.image", fix: "build it" });

test("comparePlatforms refuses an image that runs on no node, with the platforms that the nodes have", () => {
  const { problem } = comparePlatforms(image("linux/arm64"), [amd, amd]);
  assert.equal(
    problem,
    "api.source.image is for linux/arm64, and the cluster's nodes have linux/amd64; build it",
  );
});

test("comparePlatforms has nothing to say of an image that runs on all nodes, and of nodes that are not known", () => {
  assert.deepEqual(comparePlatforms(image("linux/amd64", "linux/arm64"), [amd, arm]), {});
  assert.deepEqual(comparePlatforms(image("linux/arm/v7"), [node("linux/arm")]), {});
  for (const nodes of [undefined, []]) assert.deepEqual(comparePlatforms(image("linux/arm64"), nodes), {});
  assert.deepEqual(comparePlatforms(image(), [amd]), {});
});

test("comparePlatforms warns of nodes that pods may get and cannot run on, and not of those they do not get", () => {
  const { notice, problem } = comparePlatforms(image("linux/amd64"), [amd, arm]);
  assert.equal(problem, undefined);
  assert.match(notice ?? "", /1 of 2 nodes .* have linux\/arm64.*api\.pod\.nodeSelector.* amd64$/);
  const tainted = node("windows/amd64", {}, true);
  assert.deepEqual(comparePlatforms(image("linux/amd64"), [amd, tainted]), {});
  assert.deepEqual(comparePlatforms(image("linux/amd64"), [tainted]), {});
  assert.deepEqual(comparePlatforms(image("linux/amd64"), [amd, arm], { "kubernetes.io/arch": "amd64" }), {});
  assert.deepEqual(comparePlatforms(image("linux/amd64"), [arm], { "kubernetes.io/arch": "amd64" }), {});
});

const listed = (architecture: string, more: object = {}) => ({
  metadata: {},
  status: { nodeInfo: { operatingSystem: "linux", architecture } },
  ...more,
});

/** What `nodesFor` makes of these nodes of a cluster of the user's own; a number is the status of a refusal. */
function nodes(found: object[] | number, api: object = {}, isCut = false) {
  const config = validate({
    cluster: { kubeContext: "prod" },
    registry: { address: "registry.example.org" },
    api,
  });
  const getJson = async <T>() => {
    if (typeof found === "number") throw Object.assign(new Error("refused"), { status: found });
    return { metadata: isCut ? { continue: "more" } : {}, items: found } as T;
  };
  return nodesFor({ getJson }, config);
}

test("nodesFor refuses platforms that images are built for and no node has, by the option that decides them", async () => {
  assert.equal((await nodes([listed("amd64")]))?.length, 1);
  await assert.rejects(nodes([listed("arm64")]), { message: /^images\.platform: linux\/amd64 is for/ });
  const source = { context: "../shop", platform: "linux/arm64" };
  const live = { contract: { live: "/healthz" } };
  await assert.rejects(nodes([listed("amd64")], { source, ...live }), {
    message: /^api\.source\.platform: linux\/arm64 is for/,
  });
  assert.equal((await nodes([listed("amd64"), listed("arm64")], { source, ...live }))?.length, 2);
  const pod = { nodeSelector: { disk: "fast" } };
  const fast = listed("arm64", { metadata: { labels: { disk: "fast" } } });
  await assert.rejects(nodes([listed("amd64"), fast], { pod }), { message: /^images\.platform/ });
});

test("nodesFor knows no nodes where they may not be listed, or are too many", async () => {
  assert.equal(await nodes(403), undefined);
  assert.equal(await nodes([listed("arm64")], {}, true), undefined);
  await assert.rejects(nodes(500), /nodes of the cluster cannot be read/);
});
