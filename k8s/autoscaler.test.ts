import assert from "node:assert/strict";
import { before, test } from "node:test";
import { beginScaling } from "./autoscaler.ts";
import type { ClusterReader } from "./cluster-reader.ts";
import { madeAnnotation } from "./live-stack.ts";
import { idleCluster } from "./testing/idle-cluster.ts";
import { ofKind, type Recorded } from "./testing/recording-mocks.ts";
import { runProgram } from "./testing/run-program.ts";

let recorded: Recorded[];

before(async () => {
  ({ recorded } = await runProgram({ api: { cpu: "1", autoscale: { min: 2, max: 9, cpuPercent: 70 } } }));
});

test("api.autoscale gives the Deployment its lowest number, and an autoscaler that compares with the limit", () => {
  const [autoscaler] = ofKind(recorded, "HorizontalPodAutoscaler").map(({ inputs }) => inputs);
  const { minReplicas, maxReplicas, scaleTargetRef, metrics } = autoscaler.spec;
  assert.deepEqual([minReplicas, maxReplicas, scaleTargetRef.name], [2, 9, "api"]);
  assert.equal(metrics[0].resource.target.averageValue, "700m");
  const api = ofKind(recorded, "Deployment").find(({ name }) => name === "api");
  assert.equal(api?.inputs.spec.replicas, 2);
  assert.equal(api?.inputs.metadata.annotations["breakwater.dev/autoscaled"], "true");
});

/** A cluster with these objects by the last part of their path's kind. */
function cluster(objects: Record<string, object>) {
  const deleted: string[] = [];
  const reader: ClusterReader = {
    ...idleCluster,
    getJson: async <T>(path: string) => {
      const found = objects[path.split("/").at(-2) ?? ""];
      if (found === undefined) throw Object.assign(new Error("not found"), { status: 404 });
      return found as T;
    },
    delete: async (path) => {
      deleted.push(path);
    },
  };
  return { reader, deleted };
}

test("beginScaling deletes the autoscaler of an earlier update when it is off, and none of someone else", async () => {
  const own = { metadata: { annotations: { [madeAnnotation]: "2026-11-28" } } };
  const switchedOff = cluster({ horizontalpodautoscalers: own });
  await beginScaling(switchedOff.reader, "space", "api", false);
  assert.equal(switchedOff.deleted.length, 1);
  const others = cluster({ horizontalpodautoscalers: { metadata: {} } });
  await beginScaling(others.reader, "space", "api", false);
  assert.deepEqual(others.deleted, []);
  const on = cluster({ horizontalpodautoscalers: own });
  assert.equal((await beginScaling(on.reader, "space", "api", true)).made, "2026-11-28");
  assert.deepEqual(on.deleted, []);
});

test("beginScaling keeps the number of pods of a Deployment that has some, and not that of one scaled to none", async () => {
  const keeps = async (replicas?: number) => {
    const objects: Record<string, object> =
      replicas === undefined ? {} : { deployments: { spec: { replicas } } };
    return (await beginScaling(cluster(objects).reader, "space", "api", true)).keepsReplicas;
  };
  assert.deepEqual([await keeps(), await keeps(0), await keeps(4)], [false, false, true]);
});
