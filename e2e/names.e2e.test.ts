import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { $ } from "zx";
import { workloadRoles } from "../contract/outputs.ts";
import { ownerAnnotation } from "../k8s/namespace-owner.ts";
import { registryEndpoint } from "../local/cluster/registry.ts";
import { imageName, recipes } from "../local/images/recipes.ts";
import { dataPaths, registryAddress } from "../local/paths.ts";
import { connectEngine } from "../local/plugins/docker/engine.ts";
import { dockerProvider } from "../local/plugins/docker/provider.ts";
import { registryDigest } from "../local/plugins/docker/testing/image-fixture.ts";
import type { CallContext } from "../local/plugins/protocol/resource-provider.ts";
import { closeClusterView, pods } from "./cluster-view.ts";
import { inLongForm } from "./long-form.ts";
import { configure, createStack, destroyStack, outputs, up } from "./test-stack.ts";

const quiet = $({ quiet: true });
const kubectl = (...args: string[]) => quiet`kubectl --kubeconfig ${dataPaths.kubeconfig} ${args}`;

before(createStack);
after(async () => {
  closeClusterView();
  await destroyStack();
  for (const path of repositories) await removeRepository(path);
});

const call: CallContext = {
  urn: "urn:pulumi:test::test::docker:index/image:Image::base",
  type: "docker:index/image:Image",
  name: "base",
  preview: false,
  timeoutSeconds: 0,
  signal: new AbortController().signal,
  log: () => {},
};

/** UIDs of the pods of each role. */
async function uids(): Promise<Record<string, string>> {
  const { namespace, workloads } = await outputs();
  const entries = workloads.map(async ({ role, selector }) => {
    const found = await pods(namespace, selector);
    return [
      role,
      found
        .map(({ uid }) => uid)
        .sort()
        .join(),
    ];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Roles of the pods that were replaced. */
function replaced(before: Record<string, string>, now: Record<string, string>): string[] {
  return workloadRoles.filter((role) => before[role] !== now[role]).sort();
}

const repositories: string[] = [];

function newRepository(): string {
  const path = `breakwater-test/${randomBytes(4).toString("hex")}`;
  repositories.push(path);
  return path;
}

/** Removes the tag of a repository from the registry and from the engine, where images of the API are built on it. */
async function removeRepository(path: string): Promise<void> {
  const digest = await registryDigest(path, "1");
  await fetch(`${registryEndpoint}/v2/${path}/manifests/${digest}`, { method: "DELETE" });
  await (await connectEngine()).getImage(`${registryAddress}/${path}:1`).remove();
}

/** Pushes a version of a base image as tag 1 of a repository. */
async function publish(path: string, base: string, version: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "base-"));
  const recipe = recipes.find(({ name }) => name === base);
  assert.ok(recipe);
  const dockerfile = join(folder, "Dockerfile");
  writeFileSync(dockerfile, `FROM ${imageName(recipe)}\nLABEL version=${version}\n`);
  const name = `${registryAddress}/${path}:1`;
  const given = { values: { imageName: name, build: { context: folder, dockerfile } }, secretPaths: [] };
  const provider = dockerProvider("0.0.0");
  const { inputs } = await provider.check({ olds: { values: {}, secretPaths: [] }, news: given }, call);
  await provider.create(inputs, call);
  rmSync(folder, { recursive: true });
}

test("pulumi up refuses a namespace of another project before it changes anything, and adopts one without an owner", async () => {
  await configure("redis.replicasPerShard", "0");
  await configure("api.replicas", "1");
  await up();
  const { namespace } = await outputs();
  const before = await uids();
  const annotate = (owner: string) => kubectl("annotate", "--overwrite", "namespace", namespace, owner);
  await annotate(`${ownerAnnotation}=organization/other/e2e`);
  await configure("api.replicas", "2");
  await assert.rejects(up(), /belongs to the stack organization\/other\/e2e/);
  assert.equal((await uids()).api, before.api);
  await annotate(`${ownerAnnotation}-`);
  await up();
  assert.notEqual((await uids()).api, before.api);
});

test(
  "pulumi up replaces the pods of a base image that was built again under its tag, and no others",
  inLongForm,
  async () => {
    const [node, redis] = [newRepository(), newRepository()];
    await publish(node, "node", 1);
    await publish(redis, "redis", 1);
    await configure("images.node", `${registryAddress}/${node}:1`);
    await configure("images.redis", `${registryAddress}/${redis}:1`);
    await up();
    const first = { image: (await outputs()).apiImage, uids: await uids() };
    await up("--expect-no-changes");
    assert.deepEqual(replaced(first.uids, await uids()), []);

    await publish(node, "node", 2);
    await up();
    const second = { image: (await outputs()).apiImage, uids: await uids() };
    assert.notEqual(second.image, first.image);
    assert.deepEqual(replaced(first.uids, second.uids), ["api"]);

    await publish(redis, "redis", 2);
    await up();
    assert.deepEqual(replaced(second.uids, await uids()), ["redis"]);
    assert.equal((await outputs()).apiImage, second.image);
  },
);
