import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleWorkload } from "../../loadtest/testing/samples.ts";
import { StubCluster } from "../../loadtest/testing/stub-cluster.ts";
import { ScaledPods } from "./scaled-pods.ts";

const annotation = "breakwater.dev/capacity";

interface Deployment {
  metadata: { annotations: Record<string, string | null> };
  spec: { replicas: number };
}

/** A cluster whose Deployment gets as many pods as it is to have, one look later. */
async function cluster(replicas: number, annotations: Record<string, string | null> = {}) {
  const deployment: Deployment = { metadata: { annotations }, spec: { replicas } };
  let existing = replicas;
  const patches: Partial<Deployment>[] = [];
  const stub = await StubCluster.start(({ method, path, body }) => {
    if (method === "PATCH") {
      const patch = JSON.parse(body) as Partial<Deployment>;
      patches.push(patch);
      Object.assign(deployment.spec, patch.spec);
      Object.assign(deployment.metadata.annotations, patch.metadata?.annotations);
      return { status: 200 };
    }
    if (path.endsWith("/deployments/api")) return { status: 200, body: deployment };
    const items = Array.from({ length: existing }, (_, index) => ({
      metadata: { name: `api-${index}`, labels: { app: "api" } },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    }));
    existing = deployment.spec.replicas;
    return { status: 200, body: { items } };
  });
  return { stub, deployment, patches, pods: new ScaledPods(stub.api, "ns", sampleWorkload()) };
}

test("ScaledPods changes the number and notes the original one in one request, and puts it back", async () => {
  const { stub, deployment, patches, pods } = await cluster(3);
  await using _ = stub;
  await pods.scaleTo(1);
  assert.deepEqual(patches, [
    {
      metadata: { annotations: { [annotation]: '{"original":3,"set":1}' } },
      spec: { replicas: 1 },
    },
  ]);
  await pods.scaleTo(2);
  assert.equal(deployment.metadata.annotations[annotation], '{"original":3,"set":2}');
  assert.equal(await pods.restore(), "restored");
  assert.deepEqual(deployment, { metadata: { annotations: { [annotation]: null } }, spec: { replicas: 3 } });
});

test("ScaledPods restores what a killed run has left", async () => {
  const { stub, deployment, pods } = await cluster(1, { [annotation]: '{"original":5,"set":1}' });
  await using _ = stub;
  assert.equal(await pods.restore(), "restored");
  assert.equal(deployment.spec.replicas, 5);
});

test("ScaledPods leaves a number that someone else has set since, and removes its note", async () => {
  const { stub, deployment, pods } = await cluster(7, { [annotation]: '{"original":5,"set":1}' });
  await using _ = stub;
  assert.equal(await pods.restore(), "changed by someone else");
  assert.equal(deployment.spec.replicas, 7);
  assert.equal(deployment.metadata.annotations[annotation], null);
});

test("ScaledPods changes nothing when there is nothing to change", async () => {
  const { stub, patches, pods } = await cluster(2);
  await using _ = stub;
  await pods.scaleTo(2);
  assert.equal(await pods.restore(), "nothing to restore");
  assert.deepEqual(patches, []);
});

test("ScaledPods waits until pods that end are gone", async () => {
  const { stub, pods } = await cluster(3);
  await using _ = stub;
  await pods.scaleTo(2);
  const lists = stub.requests.filter(({ path }) => path.endsWith("/pods")).length;
  assert.equal(lists, 2);
});

test("ScaledPods says which rights are missing", async () => {
  const stub = await StubCluster.start(() => ({ status: 403 }));
  await using _ = stub;
  const pods = new ScaledPods(stub.api, "ns", sampleWorkload());
  await assert.rejects(pods.restore(), /^UserError: the Deployment api cannot be read or changed: HTTP 403/);
});
