import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { $ } from "zx";
import { dataPaths } from "../local/paths.ts";
import { createProgram, type SmallProgram } from "./small-program.ts";

const suffix = randomBytes(3).toString("hex");
const namespace = `plugin-${suffix}`;
const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: dataPaths.kubeconfig } });

const body = `
const namespace = ${JSON.stringify(namespace)};
const space = new k8s.core.v1.Namespace("space", { metadata: { name: namespace } }, { provider });
const inSpace = { provider, dependsOn: [space] };
const secret = new k8s.core.v1.Secret("password", {
  metadata: { namespace },
  stringData: { password: pulumi.secret("hush") },
}, inSpace);
const settings = new k8s.core.v1.ConfigMap("settings", {
  metadata: { namespace },
  data: { mode: config.get("mode") ?? "a" },
}, inSpace);
const labels = { app: "web" };
const container = {
  name: "main",
  image: config.get("image") ?? "localhost:5000/breakwater/pause:3",
  env: [{ name: "MODE", valueFrom: { configMapKeyRef: { name: settings.metadata.name, key: "mode" } } }],
};
new k8s.apps.v1.Deployment("web", {
  metadata: { namespace, name: "web" },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } },
  },
}, { ...inSpace, customTimeouts: { create: "1m", update: config.get("patience") ?? "1m" } });

const taken = config.get("taken");
if (taken !== undefined) new k8s.core.v1.ConfigMap("taken", {
  metadata: { namespace, name: "taken", annotations: { "pulumi.com/patchForce": taken } },
  data: { from: "pulumi" },
}, inSpace);

new k8s.batch.v1.Job("job", {
  metadata: { namespace },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{
    name: "main", image: "localhost:5000/breakwater/node:24", command: ["node", "-e", "0"],
  }] } } },
}, inSpace);
new k8s.networking.v1.Ingress("door", {
  metadata: { namespace, annotations: { "pulumi.com/skipAwait": "true" } },
  spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } },
}, inSpace);
const group = "${suffix}.example.org";
const crd = new k8s.apiextensions.v1.CustomResourceDefinition("boats", {
  metadata: { name: "boats." + group },
  spec: {
    group, scope: "Namespaced", names: { plural: "boats", singular: "boat", kind: "Boat" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: {
      type: "object", properties: { spec: { type: "object", properties: { sails: { type: "integer" } } } },
    } } }],
  },
}, { provider });
new k8s.apiextensions.CustomResource("boat", {
  apiVersion: group + "/v1", kind: "Boat", metadata: { namespace }, spec: { sails: 2 },
}, { provider, dependsOn: [space, crd] });
new k8s.yaml.v2.ConfigGroup("group", { objs: [
  { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "from-yaml" }, data: { a: "1" } },
] }, inSpace);
export const data = secret.data;
`;

let program: SmallProgram;
before(async () => {
  program = await createProgram(body);
});
after(() => program.remove());

test("pulumi up deploys a CRD and its resource, a Job, an Ingress and a ConfigGroup, and keeps secrets out of the state", async (t) => {
  const { exitCode, output, seconds } = await program.up();
  assert.equal(exitCode, 0, output);
  assert.doesNotMatch(output, /^Diagnostics/m);
  assert.doesNotMatch((await program.pulumi("stack", "export")).output, /hush|aHVzaA==/);
  const boats =
    await kubectl`kubectl get boats.${suffix}.example.org -n ${namespace} -o jsonpath={.items[*].spec.sails}`;
  assert.equal(boats.stdout, "2");
  const fromYaml = await kubectl`kubectl get configmap from-yaml -n ${namespace} -o jsonpath={.data.a}`;
  assert.equal(fromYaml.stdout, "1");
  t.diagnostic(`${seconds.toFixed(1)} s`);
});

test("pulumi up changes nothing when the program has not changed, also after a refresh", async (t) => {
  const same = await program.up("--expect-no-changes");
  assert.equal(same.exitCode, 0, same.output);
  const refreshed = await program.pulumi("refresh", "--yes", "--skip-preview", "--non-interactive");
  assert.equal(refreshed.exitCode, 0, refreshed.output);
  const again = await program.up("--expect-no-changes");
  assert.equal(again.exitCode, 0, again.output);
  t.diagnostic(`${same.seconds.toFixed(1)} s`);
});

test("pulumi up gives a changed ConfigMap a new name and rolls the Deployment that uses it", async () => {
  await program.pulumi("config", "set", "mode", "b");
  const { output } = await program.up();
  assert.match(output, /\+-1 replaced/, output);
  assert.match(output, /~ 1 updated/, output);
});

test("pulumi up reports why a rollout failed, fails again while nothing has changed, and recovers", async () => {
  await program.pulumi("config", "set", "image", "localhost:5000/breakwater/none:1");
  await program.pulumi("config", "set", "patience", "10s");
  for (let attempt = 0; attempt < 2; attempt++) {
    const failed = await program.up();
    assert.notEqual(failed.exitCode, 0, failed.output);
    assert.match(failed.output, /timed out waiting to be Ready/);
    assert.match(failed.output, /ErrImagePull|ImagePullBackOff|breakwater\/none/, failed.output);
  }
  await program.pulumi("config", "rm", "image");
  await program.pulumi("config", "rm", "patience");
  const mended = await program.up();
  assert.equal(mended.exitCode, 0, mended.output);
});

test("pulumi up names the owner of a field that it may not overwrite, and takes the field when it may", async () => {
  await kubectl`kubectl create configmap taken -n ${namespace} --from-literal from=kubectl`;
  await program.pulumi("config", "set", "taken", "false");
  const refused = await program.up();
  assert.notEqual(refused.exitCode, 0, refused.output);
  assert.match(refused.output, /conflict with "kubectl-create".*\.data\.from/s, refused.output);
  await program.pulumi("config", "set", "taken", "true");
  const adopted = await program.up();
  assert.equal(adopted.exitCode, 0, adopted.output);
  const { stdout } = await kubectl`kubectl get configmap taken -n ${namespace} -o jsonpath={.data.from}`;
  assert.equal(stdout, "pulumi");
});

test("pulumi up replaces nothing when the kubeconfig has another path and the context another name", async () => {
  const moved = join(program.folder, "kubeconfig");
  copyFileSync(dataPaths.kubeconfig, moved);
  await kubectl`kubectl --kubeconfig ${moved} config rename-context breakwater renamed`;
  await program.pulumi("config", "set", "kubeconfig", moved);
  await program.pulumi("config", "set", "context", "renamed");
  const { exitCode, output } = await program.up();
  assert.equal(exitCode, 0, output);
  assert.match(output, /~ 1 updated/, output);
  assert.doesNotMatch(output, /replaced|created|deleted/, output);
});

test("pulumi destroy removes every object", async () => {
  const { exitCode, output } = await program.pulumi(
    "destroy",
    "--yes",
    "--skip-preview",
    "--non-interactive",
  );
  assert.equal(exitCode, 0, output);
  const { stdout } = await kubectl`kubectl get namespace -o name`;
  assert.ok(!stdout.includes(namespace));
});
