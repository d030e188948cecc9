import assert from "node:assert/strict";
import { test } from "node:test";
import { StepPrinter } from "../host/steps.ts";
import { parseCommand } from "./cli/command-line.ts";
import { runLoadTest } from "./run.ts";
import { Run } from "./run-context.ts";
import { sampleScenarios, sampleStack, sampleWorkload } from "./testing/samples.ts";
import { type StubAnswer, StubCluster } from "./testing/stub-cluster.ts";

const namespace = "/namespaces/breakwater-local";
const nginx = sampleWorkload({ name: "nginx", role: "nginx", selector: { app: "nginx" } });

/** A cluster that refuses the second Deployment, and lists the first one until it is deleted. */
async function refusingCluster(onDelete: () => StubAnswer) {
  const created: { metadata: { name: string } }[] = [];
  const deleted: string[] = [];
  const stub = await StubCluster.start(({ method, path, body }) => {
    if (method === "DELETE") {
      deleted.push(path.slice(path.indexOf(namespace) + namespace.length));
      return onDelete();
    }
    if (method === "POST" && path.includes("/deployments?") && created.length > 0) return { status: 403 };
    if (method === "POST" && path.includes("/deployments?")) created.push(JSON.parse(body));
    if (method === "POST") return { status: 201, body: JSON.parse(body) };
    if (path.includes("/deployments?labelSelector=")) return { status: 200, body: { items: created } };
    if (path.includes("/services?labelSelector=")) return { status: 200, body: { items: [] } };
    if (path.endsWith("/services/nginx")) return { status: 200, body: { spec: { type: "NodePort" } } };
    return { status: 200, body: { metadata: { name: "api", uid: "uid-1" }, spec: { template: {} } } };
  });
  return { stub, created, deleted };
}

function compareImages(stub: StubCluster) {
  const run = new Run({
    command: parseCommand(["--compare-images", "a:1", "b:1"], {}),
    outputs: sampleStack({
      cluster: { kubeconfig: [stub.kubeconfig], kubeContext: "stub" },
      workloads: [sampleWorkload(), nginx],
    }),
    scenarios: sampleScenarios(),
    progress: new StepPrinter({ write: () => {} }),
    signal: new AbortController().signal,
  });
  return runLoadTest(run);
}

test("runLoadTest removes the first pod when the second cannot be deployed", async () => {
  const { stub, created, deleted } = await refusingCluster(() => ({ status: 200 }));
  await using _ = stub;
  await assert.rejects(
    compareImages(stub),
    /^UserError: the images could not be deployed [^;]*HTTP 403: \{\}$/,
  );
  assert.deepEqual(deleted, [`/deployments/${created[0]?.metadata.name}`]);
});

test("runLoadTest reports a pod that could not be removed after a failed deployment", async () => {
  const { stub } = await refusingCluster(() => ({ status: 500 }));
  await using _ = stub;
  await assert.rejects(compareImages(stub), /HTTP 403: \{\}; then, while undoing: HTTP 500: \{\}$/);
});
