import assert from "node:assert/strict";
import { test } from "node:test";
import { validate } from "../config/validate.ts";
import { clusterNeeds, missingNeeds } from "./cluster-needs.ts";

const config = validate({
  cluster: { storageClass: "fast" },
  api: { podMonitor: true, pod: { priorityClassName: "high" } },
  redis: { podMonitor: true, pod: { priorityClassName: "low" } },
  nginx: { metrics: true, podMonitor: true },
});

test("clusterNeeds is empty when no option names an object of the cluster", () => {
  assert.deepEqual(clusterNeeds(validate({})), []);
});

test("missingNeeds names every option whose object is missing, the object and the fix", async () => {
  const asked: string[] = [];
  const missing = await missingNeeds(clusterNeeds(config), async (path) => {
    asked.push(path);
    return 404;
  });
  assert.deepEqual(asked, [
    "/apis/monitoring.coreos.com/v1/podmonitors?limit=1",
    "/apis/monitoring.coreos.com/v1/podmonitors?limit=1",
    "/apis/monitoring.coreos.com/v1/podmonitors?limit=1",
    "/apis/storage.k8s.io/v1/storageclasses/fast",
    "/apis/scheduling.k8s.io/v1/priorityclasses/high",
    "/apis/scheduling.k8s.io/v1/priorityclasses/low",
  ]);
  assert.equal(missing.length, 6);
  assert.match(missing[0] ?? "", /^api\.podMonitor: true needs the CustomResourceDefinition podmonitors\./);
  assert.match(missing[1] ?? "", /^nginx\.podMonitor: true needs .* --path nginx\.podMonitor false$/);
  assert.match(
    missing[3] ?? "",
    /^cluster\.storageClass: "fast" needs the StorageClass fast, .*config set --path/,
  );
  assert.match(missing[5] ?? "", /^redis\.pod\.priorityClassName: "low" needs the PriorityClass low/);
});

for (const [what, status] of [
  ["is there", 200],
  ["may not be read", 403],
  ["cannot be read because the cluster does not answer", 0],
] as const)
  test(`missingNeeds does not name an object that ${what}`, async () => {
    assert.deepEqual(await missingNeeds(clusterNeeds(config), async () => status), []);
  });
