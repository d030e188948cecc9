import assert from "node:assert/strict";
import { test } from "node:test";
import { StubCluster } from "../../loadtest/testing/stub-cluster.ts";
import { liveObjects, podsOfJobs } from "./live-objects.ts";

const metadata = (name: string, more: object = {}) => ({ name, namespace: "ns", ...more });

test("liveObjects returns objects as they were written, without those of the cluster and of other owners", async () => {
  const template = { metadata: { labels: { app: "backup" } }, spec: { containers: [] } };
  const items: Record<string, object[]> = {
    configmaps: [{ metadata: metadata("kube-root-ca.crt") }],
    serviceaccounts: [{ metadata: metadata("default") }],
    jobs: [{ metadata: metadata("backup-1", { ownerReferences: [{}] }) }],
    cronjobs: [
      {
        metadata: metadata("backup", { uid: "1", resourceVersion: "2", managedFields: [] }),
        spec: { jobTemplate: { spec: { template } } },
        status: { active: [] },
      },
    ],
  };
  await using stub = await StubCluster.start(({ path }) => {
    const plural = path.split("/").at(-1) ?? "";
    if (plural === "horizontalpodautoscalers") return { status: 404 };
    return { status: 200, body: { items: items[plural] ?? [] } };
  });
  const found = await liveObjects(stub.api, "ns");
  assert.deepEqual(found, [
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: metadata("backup"),
      spec: { jobTemplate: { spec: { template } } },
    },
  ]);
  assert.deepEqual(podsOfJobs(found), [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: metadata("backup", { labels: { app: "backup" } }),
      spec: template.spec,
    },
  ]);
});
