import assert from "node:assert/strict";
import { test } from "node:test";
import { MiB } from "../config/units.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { madeAnnotation, parseStorage, readLiveStack } from "./live-stack.ts";

const storage = (size: string) => ({ resources: { requests: { storage: size } } });
const set = (name: string, annotations?: object) => ({
  metadata: { name, namespace: "space", uid: `uid of ${name}`, annotations },
  spec: { replicas: 6, volumeClaimTemplates: [{ metadata: { name: "data" }, spec: storage("256Mi") }] },
});
/** A cluster with these objects by path; a number is the status of a refusal. */
function cluster(objects: Record<string, object[] | number>): ClusterReader {
  return {
    getJson: async <T>(path: string) => {
      const found = objects[path.split("/").at(-1) ?? ""] ?? [];
      if (typeof found === "number") throw Object.assign(new Error("refused"), { status: found });
      return { items: found } as T;
    },
    getText: async () => "",
    patch: async () => {},
    delete: async () => {},
  };
}

test("readLiveStack reads the templates of StatefulSets, claims and ports of all namespaces", async () => {
  const claim = {
    metadata: { name: "data-redis-0" },
    spec: { ...storage("512Mi"), storageClassName: "fast" },
    status: { capacity: { storage: "1Gi" } },
  };
  const service = {
    metadata: { name: "nginx", namespace: "other" },
    spec: { ports: [{ nodePort: 30_080 }, {}], healthCheckNodePort: 30_500 },
  };
  const live = await readLiveStack(
    cluster({
      statefulsets: [set("redis")],
      persistentvolumeclaims: [claim],
      services: [service],
    }),
    "space",
  );
  assert.deepEqual(live.sets.get("redis"), {
    templateName: "data",
    templateStorage: 256 * MiB,
    storageClass: undefined,
    made: undefined,
    server: undefined,
    users: undefined,
    replicas: 6,
    uid: "uid of redis",
  });
  const { name, requested, capacity, storageClass, growsAtNextMount } = live.claims[0] ?? assert.fail();
  assert.deepEqual([name, requested, capacity], ["data-redis-0", 512 * MiB, 1024 * MiB]);
  assert.deepEqual([storageClass, growsAtNextMount], ["fast", false]);
  assert.deepEqual(
    live.usedPorts.map(({ port, namespace }) => [port, namespace]),
    [
      [30_080, "other"],
      [30_500, "other"],
    ],
  );
});

test("readLiveStack names the Jobs that form the Redis Cluster", async () => {
  const jobs = ["redis-formation-a", "redis-password-b"].map((name) => ({ metadata: { name } }));
  const { formationJobs } = await readLiveStack(cluster({ jobs }), "space");
  assert.deepEqual(formationJobs, ["redis-formation-a"]);
});

test("readLiveStack reads the images and replicas of Deployments, and when autoscalers were made", async () => {
  const deployment = {
    metadata: { name: "api" },
    spec: { replicas: 3, template: { spec: { containers: [{ image: "shop:1" }] } } },
  };
  const autoscalers = [
    { metadata: { name: "api", annotations: { [madeAnnotation]: "today" } } },
    { metadata: { name: "other" } },
  ];
  const objects = { deployments: [deployment], horizontalpodautoscalers: autoscalers };
  const live = await readLiveStack(cluster(objects), "space");
  assert.deepEqual(live.deployments.get("api"), { replicas: 3, images: ["shop:1"] });
  assert.deepEqual(
    [...live.autoscalers],
    [
      ["api", "today"],
      ["other", undefined],
    ],
  );
  const hidden = await readLiveStack(cluster({ deployments: 403, horizontalpodautoscalers: 403 }), "space");
  assert.deepEqual([hidden.deployments.size, hidden.autoscalers.size], [0, 0]);
});

test("readLiveStack knows no ports when the deployer may not list all Services, and passes other errors on", async () => {
  const { usedPorts } = await readLiveStack(cluster({ services: 403 }), "space");
  assert.deepEqual(usedPorts, []);
  await assert.rejects(readLiveStack(cluster({ services: 500 }), "space"));
  await assert.rejects(readLiveStack(cluster({ persistentvolumeclaims: 403 }), "space"));
});

test("parseStorage reads all spellings of sizes", () => {
  const sizes = {
    "256Mi": 256 * MiB,
    "1Gi": 1024 * MiB,
    "1G": 1e9,
    "1e9": 1e9,
    "1024": 1024,
    "1.5Ki": 1536,
    "2k": 2000,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseStorage(text), bytes, text);
  assert.throws(() => parseStorage("1 GiB"), SyntaxError);
});
