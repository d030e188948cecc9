import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { $ } from "zx";
import { isAlive, type ProcessIdentity, sendSignal, startTimeOf } from "../host/process-table.ts";
import { ensureBaseImages } from "../local/images/base-images.ts";
import { imageName, type Recipe, recipes } from "../local/images/recipes.ts";
import { dataPaths } from "../local/paths.ts";
import { projectRoot } from "../scripts/stack.ts";
import { closeClusterView, deployments, pods, until } from "./cluster-view.ts";
import { LightLoad } from "./light-load.ts";
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
  const programs = (await Promise.all(orphans.map(({ pid }) => childrenOf(pid)))).flat();
  assert.ok(programs.length > 0);
  killed.kill("SIGKILL");
  await ended;
  await unlock();
  await up();
  const { endpoint } = await outputs();
  assert.equal((await fetch(`${endpoint}/api/light`)).status, 200);
  await up("--expect-no-changes");
  await until(
    "the end of the killed update's program",
    async () => !(await Promise.all(programs.map(isAlive))).includes(true),
  );
  for (const orphan of orphans) await sendSignal(orphan, "SIGKILL");
});

test("replicas of stack config win over kubectl scale with the next change", async () => {
  await kubectl`kubectl scale deployment api -n ${namespace} --replicas 4`;
  await configure("api.replicas", "2");
  await up();
  await until("two API pods", async () => (await apiPods()).length === 2);
  await up("--expect-no-changes");
});

test("a pool goes after the last gateway pod that sends requests to it", async (t) => {
  // Clients keep their connections to the gateway pods that stop.
  const load = new LightLoad((await outputs()).endpoint);
  t.after(() => load.stop());
  await configure("api.pools[0].name", "stable");
  await configure("api.pools[0].replicas", "2");
  await up();
  const refused = (await load.stop()).filter((failure) => failure.includes("no API pod"));
  assert.deepEqual(refused, []);
});

test("pulumi up fails with the line of an Nginx that refuses the configuration, and the old pods go on serving", async (t) => {
  const recipe = recipes.find(({ name }) => name === "nginx");
  assert.ok(recipe);
  // Nginx 1.26 does not know all directives. The tag names no version, so stack config takes it.
  const old: Recipe = { ...recipe, name: "nginx-old", tag: "1", suite: "trixie" };
  const socketPath = (process.env.DOCKER_HOST ?? "").replace("unix://", "");
  await ensureBaseImages({ socketPath }, { wanted: [old] });
  const gatewayPods = async () => {
    const found = await pods(namespace, { "app.kubernetes.io/name": "nginx" });
    return found.filter(({ ready }) => ready).map(({ uid }) => uid);
  };
  const serving = await gatewayPods();
  const load = new LightLoad((await outputs()).endpoint);
  t.after(() => load.stop());
  await configure("images.nginx", imageName(old));
  await assert.rejects(
    up(),
    /cannot start: container check-conf: .*unknown directive .* in \S+nginx\.conf:\d+/s,
  );
  assert.deepEqual(await gatewayPods(), serving);
  await configure("images.nginx", imageName(recipe));
  await up();
  await kubectl`kubectl rollout restart deployment nginx -n ${namespace}`;
  await kubectl`kubectl rollout status deployment nginx -n ${namespace} --timeout 120s`;
  assert.deepEqual(await load.stop(), []);
  await up("--expect-no-changes");
});

/** Language host and plugins of a `pulumi`; they outlive it by minutes when it is killed. */
async function childrenOf(pid: number | undefined): Promise<ProcessIdentity[]> {
  const { stdout } = await $({ quiet: true, nothrow: true })`pgrep -P ${pid}`;
  const pids = stdout.split("\n").filter(Boolean).map(Number);
  const identities = await Promise.all(
    pids.map(async (child) => ({ pid: child, startTime: (await startTimeOf(child)) ?? "" })),
  );
  return identities.filter(({ startTime }) => startTime !== "");
}
