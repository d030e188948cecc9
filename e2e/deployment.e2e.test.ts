import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { $ } from "zx";
import { type ProcessIdentity, sendSignal, startTimeOf } from "../host/process-table.ts";
import { dataPaths } from "../local/paths.ts";
import { projectRoot } from "../scripts/stack.ts";
import { closeClusterView, deployments, pods, until } from "./cluster-view.ts";
import { configure, createStack, destroyStack, outputs, stackName, unlock, up } from "./test-stack.ts";

const namespace = `breakwater-${stackName}`;
const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: dataPaths.kubeconfig } });
const apiPods = () => pods(namespace, { "app.kubernetes.io/name": "api" });

before(createStack);
after(async () => {
  closeClusterView();
  await destroyStack();
});

test("pulumi up finishes the stack after one that was killed while it created the API", async () => {
  const flags = ["--yes", "--skip-preview", "--non-interactive", "--stack", stackName];
  const killed = spawn("pulumi", ["up", ...flags], { cwd: projectRoot, stdio: "ignore" });
  const ended = once(killed, "exit");
  await until("the API's Deployment", async () => (await deployments(namespace)).includes("api"));
  const orphans = await childrenOf(killed.pid);
  killed.kill("SIGKILL");
  await ended;
  await unlock();
  await up();
  const { endpoint } = await outputs();
  assert.equal((await fetch(`${endpoint}/api/light`)).status, 200);
  await up("--expect-no-changes");
  for (const orphan of orphans) await sendSignal(orphan, "SIGKILL");
});

test("replicas of stack config win over kubectl scale with the next change", async () => {
  await kubectl`kubectl scale deployment api -n ${namespace} --replicas 4`;
  await configure("api.replicas", "2");
  await up();
  await until("two API pods", async () => (await apiPods()).length === 2);
  await up("--expect-no-changes");
});

/** Language host and plugins of a `pulumi`; they outlive it by minutes when it is killed. */
async function childrenOf(pid: number | undefined): Promise<ProcessIdentity[]> {
  const { stdout } = await $({ quiet: true })`pgrep -P ${pid}`;
  const pids = stdout.trim().split("\n").map(Number);
  const identities = await Promise.all(
    pids.map(async (child) => ({ pid: child, startTime: (await startTimeOf(child)) ?? "" })),
  );
  return identities.filter(({ startTime }) => startTime !== "");
}
