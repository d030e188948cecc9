import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { $, type ProcessOutput } from "zx";
import { imageName, recipes } from "../local/images/recipes.ts";
import { dataPaths } from "../local/paths.ts";
import { projectRoot } from "../scripts/stack.ts";
import { closeClusterView, pods } from "./cluster-view.ts";
import { LightLoad } from "./light-load.ts";
import { configure, createStack, destroyStack, outputs, stackName, up } from "./test-stack.ts";

const namespace = `breakwater-${stackName}`;
const pulumi = $({ cwd: projectRoot, quiet: true });
const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: dataPaths.kubeconfig } });
const nodeImage = recipes.find(({ name }) => name === "node");
const readyApiPods = async () => {
  const found = await pods(namespace, { "app.kubernetes.io/name": "api" });
  return found
    .filter(({ ready }) => ready)
    .map(({ uid }) => uid)
    .sort();
};

before(async () => {
  await createStack();
  // A small stack: only the API is rolled out here.
  await configure("redis.shards", "1");
  await configure("redis.replicasPerShard", "0");
  await configure("nginx.replicas", "1");
  await configure("api.pools[0].name", "stable");
  await configure("api.pools[0].replicas", "2");
  await up();
});
after(async () => {
  closeClusterView();
  await destroyStack();
});

interface Failure {
  what: string;
  /** Changes that make the rollout fail, and what takes them back. */
  set: () => Promise<unknown>;
  reset: () => Promise<unknown>;
  /** What `pulumi up` must print. */
  prints: readonly RegExp[];
}

const remove = (path: string) => pulumi`pulumi config rm --stack ${stackName} --path ${path}`;
const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "few-pods", namespace } };

const failures: Failure[] = [
  {
    what: "an image that does not exist",
    set: () => configure("api.pools[0].image", "localhost:5000/breakwater/none:1"),
    reset: () => remove("api.pools[0].image"),
    prints: [
      /The pod api-stable-\S+ cannot start: container api: (ErrImagePull|ImagePullBackOff)/,
      /events:\s+Failed/,
    ],
  },
  {
    what: "a program that ends",
    set: () => configure("api.pools[0].image", nodeImage ? imageName(nodeImage) : ""),
    reset: () => remove("api.pools[0].image"),
    prints: [/container api: CrashLoopBackOff \(exit code \d+\)/, /BackOff/],
  },
  {
    what: "a volume of a Secret that does not exist",
    set: async () => {
      await configure("api.pod.volumes[0].name", "ca");
      await configure("api.pod.volumes[0].secret", "none");
      await configure("api.pod.volumes[0].mountPath", "/ca");
    },
    reset: () => remove("api.pod.volumes"),
    prints: [/its containers cannot be created/, /FailedMount.*"none" not found/],
  },
  {
    what: "a label that no node has",
    set: () => configure("api.pod.nodeSelector.disk", "none"),
    reset: () => remove("api.pod.nodeSelector"),
    prints: [/no node takes it: .*node affinity/],
  },
  {
    what: "a quota that is used up",
    set: async () => {
      const spec = { hard: { pods: "1" } };
      await kubectl({ input: JSON.stringify({ ...quota, spec }) })`kubectl apply -f -`;
      await configure("api.logLevel", "warn");
    },
    reset: async () => {
      await kubectl`kubectl delete resourcequota few-pods -n ${namespace}`;
      await remove("api.logLevel");
    },
    prints: [/creates no further pods of the Deployment api-stable: .*exceeded quota/],
  },
];

for (const { what, set, reset, prints } of failures)
  test(`pulumi up ends soon with ${what}, the old pods go on serving, and the next one recovers`, async (t) => {
    const serving = await readyApiPods();
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
    assert.deepEqual(await readyApiPods(), serving);
    await reset();
    await up();
    assert.deepEqual(await load.stop(), []);
  });
