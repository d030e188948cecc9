import assert from "node:assert/strict";
import { before, test } from "node:test";
import { beginScaling } from "./autoscaler.ts";
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

/** The calls of `beginScaling` on a namespace with these objects named api. */
async function begin(isOn: boolean, found: { made?: string | undefined; replicas?: number }) {
  const deleted: string[] = [];
  const cluster = { delete: async (path: string) => void deleted.push(path) };
  const { replicas } = found;
  const live = {
    autoscalers: new Map("made" in found ? [["api", found.made]] : []),
    deployments: new Map(replicas === undefined ? [] : [["api", { replicas, images: [] }]]),
  };
  const start = await beginScaling(cluster, "space", "api", isOn, live);
  return { ...start, deleted };
}

test("beginScaling deletes the autoscaler of an earlier update when it is off, and none of someone else", async () => {
  const made = "2026-11-28";
  assert.equal((await begin(false, { made })).deleted.length, 1);
  assert.deepEqual((await begin(false, { made: undefined })).deleted, []);
  assert.deepEqual((await begin(false, {})).deleted, []);
  const on = await begin(true, { made });
  assert.deepEqual([on.made, on.deleted], [made, []]);
});

test("beginScaling keeps the number of pods of a Deployment that has some, and not that of one scaled to none", async () => {
  const keeps = async (found: { replicas?: number }) => (await begin(true, found)).keepsReplicas;
  assert.deepEqual(
    [await keeps({}), await keeps({ replicas: 0 }), await keeps({ replicas: 4 })],
    [false, false, true],
  );
});
