import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { V1Deployment } from "@kubernetes/client-node";
import { $ } from "zx";
import type { CapacityReport } from "../capacity/report/schema.ts";
import { deploymentPath } from "../host/cluster-api.ts";
import { openCluster } from "../host/open-cluster.ts";
import { poll } from "../host/poll.ts";
import { findCluster } from "../loadtest/cluster-search.ts";
import { projectRoot } from "../scripts/stack.ts";
import { inLongForm, isLong } from "./long-form.ts";
import { createSmallStack, destroyStack, outputs, stackName, up } from "./test-stack.ts";

const annotation = "breakwater.dev/capacity";
const folder = mkdtempSync(join(tmpdir(), "capacity-e2e-"));
/** The search need not be exact here, and a shared machine is slow. */
const short =
  "--scenario light --pods 1,2 --rounds 1 --duration 2s --warmup 0s --precision 50% --max-steps 4".split(" ");

before(async () => {
  if (!isLong) return;
  await createSmallStack();
  await up();
});
after(async () => {
  if (isLong) await destroyStack();
  rmSync(folder, { recursive: true, force: true });
});

function capacity(...args: string[]) {
  const command = $({ cwd: projectRoot, nothrow: true, quiet: true });
  return command`${process.execPath} scripts/capacity.ts --stack ${stackName} ${args}`;
}

async function apiDeployment(): Promise<V1Deployment> {
  const deployed = await outputs();
  const cluster = await findCluster(deployed, { env: process.env, folder: projectRoot });
  const api = openCluster(cluster.kubeconfig, cluster.kubeContext);
  try {
    return await api.getJson<V1Deployment>(deploymentPath(deployed.namespace, "api"));
  } finally {
    api.close();
  }
}

async function requireOriginal(): Promise<void> {
  const { spec, metadata } = await apiDeployment();
  assert.deepEqual([spec?.replicas, metadata?.annotations?.[annotation]], [2, undefined]);
}

test(
  "npm run capacity searches one and two pods, writes the report, and puts the pods back",
  inLongForm,
  async () => {
    const run = await capacity(...short, "--rate", "100", "--out", folder);
    const printed = run.stdout + run.stderr;
    // On a machine without time, every search may be without an end.
    assert.ok(run.exitCode === 0 || run.exitCode === 98, printed);
    const report = JSON.parse(readFileSync(join(folder, "capacity.json"), "utf8")) as CapacityReport;
    assert.deepEqual(
      report.searches.map(({ pods }) => pods),
      [1, 2],
      printed,
    );
    assert.ok(
      report.steps.some(({ metrics }) => (metrics?.cpu.length ?? 0) > 0),
      printed,
    );
    assert.match(readFileSync(join(folder, "capacity.html"), "utf8"), /id="capacity"/);
    await requireOriginal();
  },
);

test("the pods of a run that was killed are put back by --restore", inLongForm, async () => {
  const args = ["scripts/capacity.ts", "--stack", stackName, ...short];
  const killed = spawn(process.execPath, args, { cwd: projectRoot, stdio: "ignore" });
  const ended = once(killed, "exit");
  const isScaled = await poll(
    { intervalMs: 500, timeoutMs: 120_000 },
    async () => (await apiDeployment()).spec?.replicas === 1,
  );
  killed.kill("SIGKILL");
  await ended;
  assert.ok(isScaled, "the pods were never changed");
  assert.equal((await apiDeployment()).metadata?.annotations?.[annotation], '{"original":2,"set":1}');
  const restored = await capacity("--restore");
  assert.equal(restored.exitCode, 0, restored.stderr);
  assert.match(restored.stderr, /the number of API pods was restored/);
  await requireOriginal();
});
