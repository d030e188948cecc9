import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { UserError } from "../contract/user-error.ts";
import { ApiError } from "../host/cluster-api.ts";
import { sampleReport } from "../loadtest/testing/sample-report.ts";
import { sampleStack } from "../loadtest/testing/samples.ts";
import { ClusterView } from "./cluster-view.ts";
import { type Release, steps } from "./record.ts";
import { RecordStore } from "./record-store.ts";
import { type ReleaseTools, stackPorts } from "./stack-ports.ts";
import { MemoryApi } from "./testing/memory-api.ts";
import { SimulatedStack } from "./testing/simulated-stack.ts";

const load = { scenarios: ["light"], duration: "2s", connections: 4, repeats: 6 };
const release = new SimulatedStack("good").release({ load });
const canary = { spec: { selector: { matchLabels: {} }, template: { spec: { containers: [] } } } };

/** Ports whose programs only write down what they were asked for. */
async function portsOf(t: TestContext, tools: Partial<ReleaseTools> = {}, pods: object[] = []) {
  const folder = await mkdtemp(join(tmpdir(), "release-"));
  t.after(() => rm(folder, { recursive: true }));
  const done: string[] = [];
  const api = {
    async getJson<T>(path: string): Promise<T> {
      if (path.includes("/pods")) return { items: pods } as T;
      if (path.endsWith("/deployments/api-canary")) return canary as T;
      throw new ApiError(404, "HTTP 404");
    },
  };
  const store = new RecordStore(new MemoryApi(), "shop");
  const all: ReleaseTools = {
    up: async (variables) => void done.push(JSON.stringify(variables)),
    configure: async (path, value) => void done.push(`${path}=${value}`),
    async loadtest(args) {
      done.push(args.slice(0, -2).join(" "));
      await writeFile(args.at(-1) ?? "", JSON.stringify(sampleReport()));
      return { exitCode: 0, signal: null, wasInterrupted: false };
    },
    outputs: async () => sampleStack({ workloads: [] }),
    print: () => {},
    ...tools,
  };
  const view = new ClusterView(api, "shop");
  const lost = new AbortController().signal;
  return { done, ports: stackPorts({ tools: all, view, store, ended: [], lost, folder }) };
}

test("each gate runs the load test with the options of the release", async (t) => {
  const { ports, done } = await portsOf(t);
  for (const step of ["compare", "full-gate", "back-gate"] as const) await ports.measure(step, release);
  assert.deepEqual(done, [
    "--compare-pools api api-canary --repeats 6 --duration 2s --scenario light --connections 4",
    "--duration 2s --scenario light --connections 4",
    "--duration 5s --warmup 1s --scenario light --connections 4",
  ]);
});

test("pulumi gets the release's id and image, and only settle names the image in the stack's file", async (t) => {
  const { ports, done } = await portsOf(t);
  const variables = JSON.stringify({ BREAKWATER_RELEASE: release.id, BREAKWATER_RELEASE_IMAGE: "api:9" });
  const given: Release = { ...release, givenImage: "api:9" };
  await ports.deploy({ ...given, step: "canary-up" });
  await ports.deploy({ ...given, step: "settle" });
  assert.deepEqual(done, [variables, "api.source.image=api:9", variables]);
});

const failing = async () => {
  throw new UserError("pulumi up failed with exit code 255", "the lines above say why");
};
const pod = (status: object) => ({ metadata: {}, status });
const crashed = pod({
  containerStatuses: [{ name: "api", state: { waiting: { reason: "CrashLoopBackOff" } } }],
});
const ready = pod({ conditions: [{ type: "Ready", status: "True" }] });
const unscheduled = pod({ conditions: [{ type: "PodScheduled", status: "False", message: "no CPU" }] });

for (const [what, pods, kind] of [
  ["a pod that crashes", [crashed], "not ready"],
  ["pods that are all ready", [ready], "broken"],
  ["a pod that the cluster has no room for", [unscheduled], "broken"],
  ["no pod", [], "broken"],
] as const)
  test(`an update that fails with ${what} is ${kind === "broken" ? "broken" : "the new version's fault"}`, async (t) => {
    const { ports } = await portsOf(t, { up: failing }, [...pods]);
    assert.equal((await ports.deploy(release)).kind, kind);
  });

test("a canary whose settings have changed since it began is not given traffic", async (t) => {
  const { ports } = await portsOf(t);
  const { next } = await ports.describeNext(release);
  for (const step of ["canary-traffic", "promote"] as const) {
    assert.equal((await ports.deploy({ ...release, step, next })).kind, "done");
    const before = { ...next, podHash: "other" };
    assert.equal((await ports.deploy({ ...release, step, next: before })).kind, "broken");
    assert.equal((await ports.deploy({ ...release, step: "weights-back", next: before })).kind, "done");
  }
});

test("a step back that fails is broken, whatever the canary's pods do", async (t) => {
  const { ports } = await portsOf(t, { up: failing }, [crashed]);
  for (const step of ["weights-back", "remove-canary", "settle"] as const)
    assert.equal((await ports.deploy({ ...release, step })).kind, "broken");
});

test("an interrupted update and an interrupted load test end the command with the way on", async (t) => {
  const up = async () => {
    throw new UserError("interrupted", "npm run up", { exitCode: 130 });
  };
  const loadtest = async () => ({ exitCode: 98, signal: null, wasInterrupted: true });
  const { ports } = await portsOf(t, { up, loadtest });
  const expected = { message: "interrupted", exitCode: 130, fix: /npm run release -- --resume/ };
  await assert.rejects(ports.deploy(release), expected);
  await assert.rejects(ports.measure("compare", release), expected);
});

test("a load test that writes no report is broken, also after an earlier one that wrote one", async (t) => {
  const loadtest = async () => ({ exitCode: 2, signal: null, wasInterrupted: false });
  const { ports } = await portsOf(t, { loadtest });
  const { verdict, reason } = await ports.measure("full-gate", release);
  assert.equal(verdict, "broken");
  assert.match(reason, /exit code 2/);
});

test("every step can be recorded", async (t) => {
  const { ports } = await portsOf(t);
  for (const step of steps) await ports.save({ ...release, step });
});
