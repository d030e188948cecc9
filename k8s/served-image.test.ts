import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { derivePools } from "../config/derive.ts";
import { validate } from "../config/validate.ts";
import type { ReleaseOverlay } from "../contract/release-overlay.ts";
import { chooseServedImage, pinPools } from "./served-image.ts";
import { type StubRegistry, startStubRegistry } from "./testing/stub-registry.ts";

// Needs a process of its own: it records what Pulumi logs.

const [now, before] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];

interface Case {
  /** Image that a Deployment has. */
  deployed?: string;
  release?: string;
  given?: string;
  nodes?: string;
}

/** The image of an API whose config names this one, and what is logged. */
async function choose(t: TestContext, image: string, { deployed, release, given, nodes }: Case = {}) {
  const logged: string[] = [];
  t.mock.method(pulumi.log, "warn", async (text: string) => void logged.push(text));
  const config = validate({
    api: { source: { image }, contract: { live: "/healthz" } },
    registry: { address: "registry.example.org", username: "me", password: "hush" },
  });
  const served = await chooseServedImage({
    config,
    images: config.images,
    project: "/nowhere",
    kitImage: "kit:1",
    release: release === undefined ? undefined : ({ image: release } as ReleaseOverlay),
    deployments: new Map(deployed === undefined ? [] : [["api", { replicas: 1, images: [deployed] }]]),
    nodes: nodes === undefined ? undefined : [{ platform: nodes, labels: {}, isTainted: false }],
    env: given === undefined ? {} : { BREAKWATER_RELEASE_IMAGE: given },
  });
  return { image: served.image, logged: logged.join("\n") };
}

async function shop(t: TestContext, behaviour: Partial<StubRegistry> = {}) {
  const { address, requests, stop } = await startStubRegistry({
    digest: now,
    platforms: ["linux/amd64"],
    ...behaviour,
  });
  t.after(stop);
  return { name: `${address}/shop:1`, requests };
}

test("a tag is deployed by the digest that it has, and a tag that has moved is named", async (t) => {
  const { name } = await shop(t);
  assert.deepEqual(await choose(t, name), { image: `${name}@${now}`, logged: "" });
  assert.equal((await choose(t, name, { deployed: `${name}@${now}` })).logged, "");
  const moved = await choose(t, name, { deployed: `${name}@${before}` });
  assert.equal(moved.image, `${name}@${now}`);
  assert.match(moved.logged, /^The tag of api\.source\.image has moved: \S+@sha256:bbb/);
});

test("the registry is asked for the content of a tag, a pull for some, only when that is not deployed", async (t) => {
  for (const [behaviour, deployed, methods] of [
    [{}, now, "HEAD"],
    [{}, before, "HEAD GET GET"],
    [{}, undefined, "GET GET"],
    [{ headStatus: 405 }, now, "HEAD GET GET"],
  ] as const) {
    const { name, requests } = await shop(t, behaviour);
    const { image } = await choose(
      t,
      name,
      deployed === undefined ? {} : { deployed: `${name}@${deployed}` },
    );
    assert.equal(image, `${name}@${now}`);
    assert.equal(requests.map((request) => request.split(" ")[0]).join(" "), methods);
  }
});

test("an image with a digest, and that of an open release, are deployed without asking the registry", async (t) => {
  const { name, requests } = await shop(t);
  assert.equal((await choose(t, `${name}@${before}`)).image, `${name}@${before}`);
  assert.equal((await choose(t, name, { release: `${name}@${before}` })).image, `${name}@${before}`);
  assert.equal((await choose(t, name, { release: name })).image, name);
  assert.deepEqual(requests, []);
  const given = await choose(t, "registry.invalid/other:1", { given: name });
  assert.equal(given.image, `${name}@${now}`);
});

test("a registry that does not say the digest leaves the deployed one, or the tag, and is named once", async (t) => {
  for (const status of [401, 404, 500]) {
    const { name } = await shop(t, { status });
    const first = await choose(t, name);
    assert.equal(first.image, name);
    assert.match(first.logged, /^The digest of api\.source\.image \(\S+\) is not known: .*Name a digest/);
    const later = await choose(t, name, { deployed: `${name}@${before}` });
    assert.equal(later.image, `${name}@${before}`);
    assert.match(later.logged, /The deployed one stays/);
  }
});

test("the pools' own images get their digests, and pools without one stay as they are", async (t) => {
  const { name } = await shop(t);
  const config = validate({
    api: {
      pools: [
        { name: "blue", replicas: 1 },
        { name: "green", replicas: 1, image: name },
      ],
    },
  });
  const pools = await pinPools(derivePools(config.api), {
    config,
    images: config.images,
    project: "/nowhere",
    kitImage: "kit:1",
    release: undefined,
    deployments: new Map(),
    nodes: undefined,
  });
  assert.deepEqual(
    pools.map(({ image }) => image),
    [undefined, `${name}@${now}`],
  );
});

test("an image that runs on no node is refused", async (t) => {
  const { name } = await shop(t);
  await assert.rejects(choose(t, name, { nodes: "linux/arm64" }), {
    message:
      /^api\.source\.image \(\S+\) is for linux\/amd64, and the cluster's nodes have linux\/arm64; .*--platform/,
  });
  assert.equal((await choose(t, name, { nodes: "linux/amd64" })).image, `${name}@${now}`);
});
