import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ClusterApi } from "../host/cluster-api.ts";
import { clusterUp } from "../local/cluster/cluster.ts";
import { fake, fakeLeases } from "../local/cluster/fake-nodes.ts";
import { connectKubeApi, findObject } from "../local/cluster/kube-api.ts";
import { daemonState } from "../local/cluster/process-supervisor.ts";
import { ensureTools } from "../local/toolchain/toolchain.ts";
import { projectRoot } from "../scripts/stack.ts";
import { until } from "./cluster-view.ts";

// A small run of the benchmark with fake nodes, and its ends by signals.
const folder = await mkdtemp(join(tmpdir(), "fake-nodes-"));
let api: ClusterApi;

before(async () => {
  api = await connectKubeApi();
});

after(async () => {
  await clusterUp(await ensureTools());
  api.close();
  await rm(folder, { recursive: true });
});

function start(...args: string[]) {
  return spawn(process.execPath, ["scripts/bench-nodes.ts", ...args], { cwd: projectRoot, stdio: "ignore" });
}

async function nodes(): Promise<string[]> {
  const { items } = await api.getJson<{ items: { metadata: { name: string } }[] }>("/api/v1/nodes");
  return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith(fake.namePrefix));
}

async function assertNothingLeft(): Promise<void> {
  assert.deepEqual(await nodes(), []);
  assert.deepEqual(await fakeLeases(api), []);
  assert.equal(await findObject(api, `/api/v1/namespaces/${fake.namespace}`), undefined);
  assert.equal((await daemonState("kwok")).state, "stopped");
}

test("bench:nodes writes times and memory, and leaves nothing behind", async () => {
  const json = join(folder, "results.json");
  const [exitCode] = (await once(start("--nodes", "3", "--pods", "20", "--json", json), "exit")) as [number];
  assert.equal(exitCode, 0);
  const results = JSON.parse(await readFile(json, "utf8")) as {
    podsReadySeconds: number;
    goneSeconds: number;
    peak: Record<string, number>;
  };
  assert.ok(results.podsReadySeconds > 0 && results.goneSeconds > 0);
  for (const [name, bytes] of Object.entries(results.peak)) assert.ok(bytes > 2 ** 20, `${name}: ${bytes}`);
  await assertNothingLeft();
});

test("bench:nodes leaves nothing behind when it is interrupted", async () => {
  const running = start("--nodes", "3", "--pods", "300");
  const ended = once(running, "exit");
  await until("a fake node", async () => (await nodes()).length > 0);
  running.kill("SIGINT");
  const [exitCode] = (await ended) as [number];
  assert.equal(exitCode, 130);
  await assertNothingLeft();
});

test("clusterUp removes the fake nodes and pods that a killed bench:nodes left", async () => {
  const running = start("--nodes", "3", "--pods", "300");
  const ended = once(running, "exit");
  await until("the fake pods", async () => {
    const found = await findObject(api, `/api/v1/namespaces/${fake.namespace}`);
    return found !== undefined;
  });
  running.kill("SIGKILL");
  await ended;
  assert.equal((await daemonState("kwok")).state, "running");
  await clusterUp(await ensureTools());
  await assertNothingLeft();
});
