import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "../../contract/outputs.ts";
import type { ReachedStack } from "../../loadtest/cluster-search.ts";
import { sampleWorkload } from "../../loadtest/testing/samples.ts";
import { StubCluster } from "../../loadtest/testing/stub-cluster.ts";
import type { ChangeContext } from "./change.ts";
import { deletedPods, drainedNode } from "./pods.ts";

const roles = ["api", "nginx", "redis"] as const;
const podCount = 2;
const tooManyRequests = 429;

/** A cluster with two pods of each role. A pod that is deleted or evicted has a successor of the same name at the next look. */
async function cluster(refusals: number) {
  const uids = new Map<string, number>(
    roles.flatMap((role) => [0, 1].map((index) => [`${role}-${index}`, 1] as const)),
  );
  const evicted: string[] = [];
  let left = refusals;
  const stub = await StubCluster.start(({ method, path }) => {
    const pod = /\/pods\/([^/?]+)/.exec(path)?.[1] ?? "";
    if (method === "GET") return { status: 200, body: { items: [...uids].map(podOf) } };
    if (path.includes("/eviction") && left-- > 0) return { status: tooManyRequests };
    evicted.push(pod);
    uids.set(pod, (uids.get(pod) ?? 0) + 1);
    return { status: 201, body: {} };
  });
  const workloads = roles.map(
    (role): Workload => ({
      ...sampleWorkload(),
      name: role,
      role,
      replicas: podCount,
      selector: { app: role },
    }),
  );
  const outputs = { namespace: "ns", workloads } as unknown as ReachedStack;
  const { signal } = new AbortController();
  const context = { outputs, api: stub.api, signal, report: () => {} } as unknown as ChangeContext;
  return { stub, evicted, context };
}

function podOf([name, generation]: [string, number]) {
  const role = name.split("-")[0] ?? "";
  return {
    metadata: { name, namespace: "ns", uid: `${name}.${generation}`, labels: { app: role } },
    spec: { containers: [{ name: role }] },
    status: {
      containerStatuses: [{ name: role, ready: true, containerID: "containerd://a", restartCount: 0 }],
    },
  };
}

test("a drain evicts each pod of the API, the gateway and Redis once, and asks again when a budget refuses", async () => {
  const { stub, evicted, context } = await cluster(2);
  await using _ = stub;
  assert.equal(await drainedNode.make(context), "6 pods evicted, 2 times refused by a budget");
  assert.deepEqual(evicted.toSorted(), ["api-0", "api-1", "nginx-0", "nginx-1", "redis-0", "redis-1"]);
});

test("pods are deleted one after the other, and none of Redis", async () => {
  const { stub, evicted, context } = await cluster(0);
  await using _ = stub;
  assert.equal(await deletedPods.make(context), "4 pods deleted");
  assert.deepEqual(evicted, ["api-0", "api-1", "nginx-0", "nginx-1"]);
});
