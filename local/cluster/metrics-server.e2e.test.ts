import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ClusterApi } from "../../host/cluster-api.ts";
import { pollUntil } from "../../host/poll.ts";
import { runCommand, tryCommand } from "../../host/run-command.ts";
import { dataPaths } from "../paths.ts";
import { ensureTool, ensureTools, type Tools } from "../toolchain/toolchain.ts";
import { metricsServer } from "../toolchain/tools.ts";
import { clusterStatus, clusterUp } from "./cluster.ts";
import { connectKubeApi, findObject } from "./kube-api.ts";
import { places } from "./layout.ts";
import { apiServicePath, metricsServerObjects } from "./metrics-server-objects.ts";
import { daemonState } from "./process-supervisor.ts";
import { metricsServerIsNeeded, recordNeeds } from "./stack-needs.ts";

// metrics-server on the running cluster. Kubernetes' own build has compiled nearly all of its packages.
const namespace = "metrics-test";
let tools: Tools;
let api: ClusterApi;

before(async () => {
  tools = await ensureTools();
  await ensureTool(metricsServer);
  await ask(true);
  api = await connectKubeApi();
  await createNamespace();
});

after(async () => {
  await kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=true");
  await ask(false);
  api.close();
});

async function ask(wanted: boolean): Promise<void> {
  await recordNeeds({ stack: namespace, stateFile: join(places.needs, "none"), metricsServer: wanted });
  await clusterUp(tools);
}

const args = (given: string[]): string[] => [`--kubeconfig=${dataPaths.kubeconfig}`, ...given];
const kubectl = (...given: string[]) => runCommand(tools.path("kubectl"), args(given));
const tryKubectl = (...given: string[]) => tryCommand(tools.path("kubectl"), args(given));

const createNamespace = () =>
  api.apply(`/api/v1/namespaces/${namespace}`, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  await pollUntil({ what, timeoutMs: 120_000, intervalMs: 1000, fix: "read npm run logs" }, holds);
}

const down = async (): Promise<string[]> =>
  (await clusterStatus()).filter(({ running }) => !running).map(({ name }) => name);

test("kubectl top shows the node and a pod, with their memory", async () => {
  await api.apply(`/api/v1/namespaces/${namespace}/pods/sleeper`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "sleeper", namespace },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "main",
          image: "localhost:5000/breakwater/node:24",
          command: ["node", "-e", "setInterval(() => {}, 1000)"],
        },
      ],
    },
  });
  for (const top of [
    ["top", "nodes", "--no-headers"],
    ["top", "pods", "--no-headers", "--namespace", namespace],
  ])
    await until(top.join(" "), async () => {
      const { exitCode, stdout } = await tryKubectl(...top);
      return exitCode === 0 && /^(?:breakwater|sleeper) +\d+m .*[1-9]\d*Mi/.test(stdout);
    });
});

test("clusterStatus reports a killed metrics-server, and clusterUp starts it again", async () => {
  assert.deepEqual(await down(), []);
  const { pid } = await daemonState("metrics-server");
  assert.ok(pid);
  process.kill(pid, "SIGKILL");
  await until("the end of metrics-server", async () => (await down()).includes("metrics-server"));
  await clusterUp(tools);
  assert.notEqual((await daemonState("metrics-server")).pid, pid);
  assert.deepEqual(await down(), []);
});

test("metrics-server goes without a trace when no stack asks for it, and comes back", async (t) => {
  const others = await Promise.all(["kube-apiserver", "kubelet", "kube-proxy"].map(daemonState));
  await ask(false);
  if (await metricsServerIsNeeded()) return t.skip("another stack of this machine asks for metrics-server");

  assert.equal((await daemonState("metrics-server")).state, "stopped");
  assert.equal(existsSync(places.metricsServer), false);
  for (const path of [apiServicePath, ...metricsServerObjects.keys()])
    assert.equal(await findObject(api, path), undefined, path);
  assert.deepEqual(await down(), []);
  // Both fail while a registered API does not answer.
  await kubectl("api-resources", "--cached=false");
  await kubectl("delete", "namespace", namespace, "--wait=true", "--timeout=60s");

  await ask(true);
  await createNamespace();
  assert.deepEqual(await down(), []);
  assert.deepEqual(
    await Promise.all(["kube-apiserver", "kubelet", "kube-proxy"].map(daemonState)),
    others,
    "no other daemon was restarted",
  );
});
