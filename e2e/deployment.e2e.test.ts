import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { $, type ProcessOutput } from "zx";
import { isAlive, type ProcessIdentity, sendSignal, startTimeOf } from "../host/process-table.ts";
import { ensureBaseImages } from "../local/images/base-images.ts";
import { imageName, type Recipe, recipes } from "../local/images/recipes.ts";
import { dataPaths } from "../local/paths.ts";
import { projectRoot } from "../scripts/stack.ts";
import { closeClusterView, deployments, pods, until } from "./cluster-view.ts";
import { LightLoad } from "./light-load.ts";
import { inLongForm } from "./long-form.ts";
import { rolloutFailures } from "./rollout-failures.ts";
import { configure, createStack, destroyStack, outputs, stackName, unlock, unset, up } from "./test-stack.ts";

const namespace = `breakwater-${stackName}`;
const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: dataPaths.kubeconfig } });
const apiPods = () => pods(namespace, { "app.kubernetes.io/name": "api" });
const readyPods = async (name: string) => {
  const found = await pods(namespace, { "app.kubernetes.io/name": name });
  return found
    .filter(({ ready }) => ready)
    .map(({ uid }) => uid)
    .sort();
};

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

test("the autoscaler adds pods under load, pulumi up leaves their number alone, and api.replicas counts again after it", async (t) => {
  const { endpoint } = await outputs();
  const counts: number[] = [];
  const watch = setInterval(async () => counts.push((await readyPods("api")).length), 500);
  t.after(() => clearInterval(watch));
  await unset("api.replicas");
  await configure("api.autoscale.max", "4");
  await configure("api.autoscale.cpuPercent", "10");
  // It starts metrics-server, too.
  await $({
    cwd: projectRoot,
    quiet: true,
  })`${process.execPath} scripts/bootstrap.mjs scripts/up.ts --stack ${stackName}`;
  const load = new AbortController();
  t.after(() => load.abort());
  const clients = [1, 2, 3, 4].map(async () => {
    while (!load.signal.aborted) assert.equal((await fetch(`${endpoint}/api/light`)).status, 200);
  });
  await until("more than two API pods", async () => (await readyPods("api")).length > 2);
  load.abort();
  await Promise.all(clients);
  const scaled = (await apiPods()).length;
  await up("--expect-no-changes");
  assert.ok((await apiPods()).length >= scaled);

  await unset("api.autoscale");
  await configure("api.replicas", "2");
  await up();
  await until("two API pods", async () => (await apiPods()).length === 2);
  await up("--expect-no-changes");
  assert.ok(Math.min(...counts) >= 2, `as few as ${Math.min(...counts)} pods were ready`);
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

for (const { what, inShortForm, set, reset, prints } of rolloutFailures)
  test(
    `pulumi up ends soon with ${what}, the old pods go on serving, and the next one recovers`,
    inShortForm ? {} : inLongForm,
    async (t) => {
      const serving = await readyPods("api");
      const load = new LightLoad((await outputs()).endpoint);
      t.after(() => load.stop());
      await set();
      const beganMs = Date.now();
      const failed = await up().then(
        () => assert.fail("pulumi up went through"),
        (error: ProcessOutput) => error.stdout + error.stderr,
      );
      t.diagnostic(`failed after ${Date.now() - beganMs} ms`);
      for (const text of prints) assert.match(failed, text);
      assert.match(failed, /run pulumi up again/);
      assert.deepEqual(await readyPods("api"), serving);
      await reset();
      await up();
      assert.deepEqual(await load.stop(), []);
    },
  );

test("pulumi up fails with the line of an Nginx that refuses the configuration, and the old pods go on serving", async (t) => {
  const recipe = recipes.find(({ name }) => name === "nginx");
  assert.ok(recipe);
  // Nginx 1.26 does not know all directives. The tag names no version, so stack config takes it.
  const old: Recipe = { ...recipe, name: "nginx-old", tag: "1", suite: "trixie" };
  const socketPath = (process.env.DOCKER_HOST ?? "").replace("unix://", "");
  await ensureBaseImages({ socketPath }, { wanted: [old] });
  const serving = await readyPods("nginx");
  const load = new LightLoad((await outputs()).endpoint);
  t.after(() => load.stop());
  await configure("images.nginx", imageName(old));
  await assert.rejects(
    up(),
    /cannot start: container check-conf: .*unknown directive .* in \S+nginx\.conf:\d+/s,
  );
  assert.deepEqual(await readyPods("nginx"), serving);
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
