import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { $, type ProcessOutput } from "zx";
import { ApiLoad } from "../bench/redis/api-load.ts";
import { CheckPod } from "../bench/redis/check-pod.ts";
import { faults } from "../bench/redis/faults.ts";
import { lossesBefore } from "../bench/redis/judge-run.ts";
import { RedisClusterView } from "../bench/redis/redis-cluster.ts";
import { StackChange } from "../bench/stack-change.ts";
import { openCluster } from "../host/open-cluster.ts";
import { clusterName } from "../local/cluster/layout.ts";
import { dataPaths } from "../local/paths.ts";
import { projectRoot } from "../scripts/stack.ts";
import { closeClusterView, deletePods, pods, until } from "./cluster-view.ts";
import { inLongForm } from "./long-form.ts";
import { configure, createStack, destroyStack, outputs, stackName, unset, up } from "./test-stack.ts";

const namespace = `breakwater-${stackName}`;
const storageClass = "e2e-growing";
const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: dataPaths.kubeconfig } });
const pulumi = $({ cwd: projectRoot, quiet: true });

before(async () => {
  const volumes = { apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name: storageClass } };
  const settings = { provisioner: "kubernetes.io/host-path", allowVolumeExpansion: true };
  await kubectl({ input: JSON.stringify({ ...volumes, ...settings }) })`kubectl apply -f -`;
  await createStack();
  await configure("cluster.storageClass", storageClass);
  // A busy machine delays the event loop; a test counts failed requests.
  await configure("api.env.SHED_EVENT_LOOP_DELAY_MS", "0");
  // A busy machine silences a server for seconds; a failover then loses the writes that only the silent primary had.
  await configure("redis.nodeTimeout", "5 s");
  await up();
});
after(async () => {
  closeClusterView();
  await destroyStack();
  await kubectl`kubectl delete storageclass ${storageClass} --ignore-not-found`;
});

const redisPods = () => pods(namespace, { "app.kubernetes.io/instance": "redis" });
const uidsOf = async () => (await redisPods()).map(({ uid }) => uid).sort();
/** Output of Redis' own client in a Redis pod, as the user of the pod. */
const redis = async (pod: string, ...command: string[]) =>
  (await kubectl`kubectl exec -n ${namespace} ${pod} -c redis -- redis-cli --user pod ${command}`).stdout;

test("pulumi preview refuses all that the volumes do not allow, and set back it changes nothing", async () => {
  const before = await uidsOf();
  await configure("redis.storage", "128 MiB");
  const refusal = await pulumi`pulumi preview --stack ${stackName} --non-interactive`.catch(
    (error: ProcessOutput) => error,
  );
  assert.notEqual(refusal.exitCode, 0);
  assert.match(refusal.stdout + refusal.stderr, /redis\.storage: "128 MiB" must be at least 256 MiB/);
  await configure("redis.storage", "256 MiB");
  await up("--expect-no-changes");
  assert.deepEqual(await uidsOf(), before);
});

test("redis.shards changes in both directions, moves the keys, and replaces no pod", async () => {
  const before = await uidsOf();
  const inPod = async (loop: string) =>
    (await kubectl`kubectl exec -n ${namespace} redis-0 -c redis -- sh -c ${loop}`).stdout.trim().split("\n");
  const numbers = Array.from({ length: 60 }, (_, index) => String(index));
  const { stdout } = await kubectl`kubectl get secret redis-users -n ${namespace} -o jsonpath={.data.api}`;
  const client = `REDISCLI_AUTH=${Buffer.from(stdout, "base64")} redis-cli -c --user api`;
  const each = (command: string) => `for i in ${numbers.join(" ")}; do ${client} ${command}; done`;
  await inPod(each("set bw:scaling:$i $i"));
  const isKept = async () => assert.deepEqual(await inPod(each("get bw:scaling:$i")), numbers);
  await configure("redis.shards", "4");
  await up();
  assert.equal((await redisPods()).length, 8);
  assert.deepEqual(
    (await uidsOf()).filter((uid) => before.includes(uid)),
    before,
  );
  await isKept();
  await configure("redis.shards", "3");
  await up();
  assert.deepEqual(await uidsOf(), before);
  await isKept();
  await up("--expect-no-changes");
});

test("a Redis pod that lost its volume rejoins the cluster by itself", async () => {
  const [lost] = (await redisPods()).filter(({ name }) => name === "redis-0");
  assert.ok(lost);
  await kubectl`kubectl delete pvc -n ${namespace} data-redis-0 --wait=false`;
  await deletePods(namespace, [lost]);
  await until("a whole cluster", async () => {
    const info = await redis("redis-0", "cluster", "info").catch(() => "");
    return ["cluster_state:ok", "cluster_slots_ok:16384", "cluster_known_nodes:6\r"].every((line) =>
      info.includes(line),
    );
  });
  await until("the pod to be ready", async () => (await redisPods()).every(({ ready }) => ready));
});

test("a killed primary and the loss of all pods lose no acknowledged write but the last ones, and fail no GET", async () => {
  const cluster = { kubeconfig: [dataPaths.kubeconfig], kubeContext: clusterName };
  const stack = { ...(await outputs()), cluster };
  const api = openCluster(dataPaths.kubeconfig, clusterName);
  const view = new RedisClusterView(api, stack);
  const signal = new AbortController().signal;
  const change = new StackChange(stackName);
  const context = { outputs: stack, api, view, change, signal, pauseMs: 0, partitionMs: 0, report: () => {} };
  const load = new ApiLoad(stack);
  try {
    const writer = await CheckPod.start(api, stack, { seconds: 300, rate: 100, keys: 300 });
    await load.start(5);
    const injectedMs: number[] = [];
    for (const name of ["primary-kill", "delete-pods"]) {
      const injected = await faults.find((fault) => fault.name === name)?.inject(context);
      injectedMs.push(injected?.atMs ?? 0);
      assert.equal(typeof (await view.whole(6, 60_000, signal)), "number", await view.problem(6));
    }
    await writer.end();
    const report = await writer.report(0);
    const { failedGets, reasons } = await load.stop();
    // A primary acknowledges a write before a replica has it, so a crash may lose the writes of the moments before. The deletion of
    // pods stops the servers in order: they hand over or write their files, and lose nothing.
    const [killedMs = 0] = injectedMs;
    assert.equal(report.lost + report.uncertain - lossesBefore(killedMs, report), 0, JSON.stringify(report));
    assert.equal(report.unreadable, 0);
    assert.equal(failedGets, 0, reasons);
  } finally {
    await load.stop();
    await new CheckPod(api, stack.namespace).remove();
    api.close();
  }
});

test("a larger redis.storage grows every claim in place, and replaces no pod", async () => {
  const before = await uidsOf();
  await configure("redis.storage", "512 MiB");
  const growing = up();
  await Promise.all([growing, growVolumes(6, "536870912")]);
  assert.deepEqual(await uidsOf(), before);
  await up("--expect-no-changes");
});

test(
  "pulumi up names an image that does not exist, and the next one with a good image recovers",
  inLongForm,
  async () => {
    await configure("images.postgres", "localhost:5000/breakwater/none:1");
    const failed = await up().catch((error: ProcessOutput) => error.stdout + error.stderr);
    assert.match(failed, /The pod database-0 cannot start: .*images\.postgres/s);
    await unset("images.postgres");
    await up();
    const [database] = await pods(namespace, { "app.kubernetes.io/instance": "database" });
    assert.equal(database?.ready, true);
  },
);

test("a backup that is put back replaces what was written after it, and the backups outlive their option", async () => {
  const backups = async (...words: string[]) =>
    (await pulumi`${process.execPath} scripts/bootstrap.mjs scripts/backups.ts --stack ${stackName} ${words}`)
      .stdout;
  const url = `${(await outputs()).endpoint}/api/users/77`;
  const write = async (name: string) => {
    const body = JSON.stringify({ name, email: "seventy-seven@example.org" });
    const response = await fetch(url, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body,
    });
    assert.ok(response.ok, String(response.status));
  };
  const nameOf = async () => ((await (await fetch(url)).json()) as { name: string }).name;
  await configure("database.backup.schedule", "0 3 * * *");
  await up();
  await write("before the backup");
  const [, made = ""] = /made (\S+\.dump)/.exec(await backups("now")) ?? [];
  await write("after the backup");
  assert.equal(await nameOf(), "after the backup");
  await assert.rejects(backups("restore", "none.dump"), (error: ProcessOutput) =>
    error.stderr.includes(made),
  );
  assert.match(await backups("restore", made), new RegExp(`restored ${made}`));
  assert.equal(await nameOf(), "before the backup");

  await unset("database.backup.schedule");
  await up();
  await configure("database.backup.schedule", "30 4 * * *");
  await up();
  const names = (await backups()).trim().split("\n");
  assert.ok(names.includes(made));
  assert.ok(names.some((name) => name.endsWith("-before-restore.dump")));
});

/** Does the work of a storage driver, which the embedded cluster does not have: gives claims the size that they ask for. */
async function growVolumes(count: number, bytes: string): Promise<void> {
  const grown = new Set<string>();
  while (grown.size < count) {
    const claims = JSON.parse((await kubectl`kubectl get pvc -n ${namespace} -o json`).stdout) as {
      items: { metadata: { name: string }; spec: { resources: { requests: { storage: string } } } }[];
    };
    for (const { metadata, spec } of claims.items) {
      const { storage } = spec.resources.requests;
      if (grown.has(metadata.name) || ![bytes, "512Mi"].includes(storage)) continue;
      const patch = JSON.stringify({ status: { capacity: { storage } } });
      await kubectl`kubectl patch pvc -n ${namespace} ${metadata.name} --subresource=status --type=merge -p ${patch}`;
      grown.add(metadata.name);
    }
    await sleep(250);
  }
}
