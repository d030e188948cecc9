import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { dataPaths } from "../../paths.ts";
import { type PropertyMap, type Value, valueAt } from "../protocol/values.ts";
import type { ApiClient } from "./api-client.ts";
import { findObject } from "./cluster-objects.ts";
import { openConnection } from "./connection.ts";
import type { Manifest } from "./manifest.ts";
import { parseConfig } from "./provider-config.ts";
import { PluginClient, type Stored } from "./testing/plugin-client.ts";
import { deployment, podTemplate } from "./testing/workloads.ts";

const config = { kubeconfig: dataPaths.kubeconfig, context: "breakwater" };
const namespace = `plugin-test-${randomBytes(3).toString("hex")}`;
const Deployment = "kubernetes:apps/v1:Deployment";
const StatefulSet = "kubernetes:apps/v1:StatefulSet";
const Job = "kubernetes:batch/v1:Job";
const ConfigMap = "kubernetes:core/v1:ConfigMap";
const Secret = "kubernetes:core/v1:Secret";
const Service = "kubernetes:core/v1:Service";

let plugin: PluginClient;
let api: ApiClient;
let home: Stored;

before(async () => {
  plugin = await PluginClient.start(config);
  api = openConnection(parseConfig(config)).api;
  home = await plugin.create("kubernetes:core/v1:Namespace", "home", { metadata: { name: namespace } });
});
after(async () => {
  if (home) await plugin.delete(home);
  plugin.close();
});

const live = async (kind: string, name: string): Promise<Manifest | undefined> =>
  await findObject(api, { apiVersion: kind === "Deployment" ? "apps/v1" : "v1", kind }, namespace, name);
const at = (value: Value | undefined, ...path: (string | number)[]): Value | undefined =>
  valueAt(value, path);
/** Waits until a pod of that app has a status that `holds` for. */
const podOf = async (app: string, holds: (status: Value) => boolean): Promise<void> => {
  const query = { labelSelector: `app=${app}` };
  for (;;) {
    const { items } = await api.get<{ items: PropertyMap[] }>(`/api/v1/namespaces/${namespace}/pods`, query);
    if (items.some((pod) => at(pod, "status", "containerStatuses", 0) && holds(pod.status ?? null))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
/** As another person would, with another tool. */
const scaleOutside = async (name: string, replicas: number): Promise<void> => {
  const path = await api.pathOf({ apiVersion: "apps/v1", kind: "Deployment" }, namespace, name);
  const scale: Manifest = { apiVersion: "autoscaling/v1", kind: "Scale", spec: { replicas } };
  await api.apply(
    `${path}/scale`,
    { ...scale, metadata: { name, namespace } },
    { fieldManager: "someone", force: true },
  );
};

describe("kubernetes plugin on a real cluster", { concurrency: 4 }, () => {
  test("names, stores and replaces a ConfigMap, the old one staying until it is deleted", async () => {
    const old = await plugin.create(ConfigMap, "conf", { metadata: { namespace }, data: { a: "1" } });
    assert.match(old.id, new RegExp(`^${namespace}/conf-[0-9a-f]{8}$`));
    const { values } = old.state;
    assert.equal(at(values, "metadata", "annotations", "pulumi.com/autonamed"), "true");
    assert.deepEqual(at(values, "__inputs", "data"), { a: "1" });
    assert.match(String(values.__fieldManager), /^pulumi-kubernetes-[0-9a-f]{8}$/);
    const { inputs } = await plugin.check(
      ConfigMap,
      "conf",
      { metadata: { namespace }, data: { a: "2" } },
      old.inputs,
    );
    assert.equal(at(inputs.values, "metadata", "name"), at(values, "metadata", "name"));
    assert.deepEqual(await plugin.diff(old, inputs), {
      changed: ["data.a"],
      replaces: ["data.a"],
      deleteFirst: false,
    });
    await plugin.delete(old);
    assert.equal(await live("ConfigMap", old.id.split("/")[1] ?? ""), undefined);
    await plugin.delete(old);
  });

  test("keeps all data of a Secret secret in inputs and state", async () => {
    const secret = await plugin.create(Secret, "pw", { metadata: { namespace }, stringData: { pw: "hush" } });
    const secretPaths = secret.state.secretPaths.map((path) => path.join("."));
    assert.deepEqual(secretPaths.sort(), ["__inputs.stringData", "data"]);
    assert.equal(at(secret.state.values, "data", "pw"), Buffer.from("hush").toString("base64"));
    assert.deepEqual(secret.inputs.secretPaths, [["stringData"]]);
  });

  test("a preview changes nothing, and fails for an invalid object", async () => {
    const shown = await plugin.create(Deployment, "ghost", deployment(namespace, "ghost"), { preview: true });
    assert.equal(
      at(shown.state.values, "spec", "strategy", "type"),
      "RollingUpdate",
      "the server's defaults are shown",
    );
    assert.equal(await live("Deployment", "ghost"), undefined);
    await assert.rejects(
      plugin.create(Deployment, "ghost", deployment(namespace, "ghost", { replicas: -1 }), { preview: true }),
      /Preview failed: .*spec\.replicas: Invalid value: -1/,
    );
  });

  test("a preview in a namespace that is yet to come echoes the inputs", async () => {
    const inputs = { metadata: { namespace: "plugin-test-none" }, data: { a: "1" } };
    const shown = await plugin.create(ConfigMap, "conf", inputs, { preview: true });
    assert.deepEqual(shown.state.values.data, { a: "1" });
  });

  test("waits for a Deployment's pods, scales it, drops a removed label and deletes its pods with it", async () => {
    const labels = { metadata: { labels: { team: "blue", tier: "web" } } };
    const created = await plugin.create(
      Deployment,
      "web",
      deployment(namespace, "web", { replicas: 3, ...labels }),
    );
    assert.equal(at(created.state.values, "status", "availableReplicas"), 3);
    const wanted = deployment(namespace, "web", { replicas: 5, metadata: { labels: { team: "blue" } } });
    const shown = await plugin.update(created, wanted, { preview: true });
    assert.equal(at(shown.state.values, "spec", "replicas"), 5);
    assert.equal(at(await live("Deployment", "web"), "spec", "replicas"), 3);
    const scaled = await plugin.update(created, wanted);
    assert.equal(at(scaled.state.values, "status", "availableReplicas"), 5);
    assert.deepEqual(at(scaled.state.values, "metadata", "labels"), { team: "blue" });
    await plugin.delete(scaled);
    const pods = await api.get<{ items: PropertyMap[] }>(`/api/v1/namespaces/${namespace}/pods`, {
      labelSelector: "app=web",
    });
    assert.deepEqual(pods.items, []);
  });

  test("refuses an object that exists already, and adopts it when asked", async () => {
    const values = { metadata: { namespace, name: "taken" }, data: { a: "1" } };
    await plugin.create(ConfigMap, "first", values);
    await assert.rejects(
      plugin.create(ConfigMap, "second", { ...values, data: { a: "2" } }),
      /was not successfully created by the Kubernetes API server: .*already exists.*pulumi import kubernetes:core\/v1:ConfigMap/,
    );
    assert.deepEqual((await live("ConfigMap", "taken"))?.data, { a: "1" });
    const annotations = { "pulumi.com/patchForce": "true" };
    const metadata = { ...values.metadata, annotations };
    await plugin.create(ConfigMap, "second", { metadata, data: { a: "2" } });
    assert.deepEqual((await live("ConfigMap", "taken"))?.data, { a: "2" });
  });

  test("names the manager of a field, takes the field when forced, leaves it when ignored, and sees it on refresh", async () => {
    const quiet = { "pulumi.com/skipAwait": "true" };
    const values = deployment(namespace, "shared", { replicas: 0, metadata: { annotations: quiet } });
    const created = await plugin.create(Deployment, "shared", values);
    await scaleOutside("shared", 1);
    const wanted = deployment(namespace, "shared", { replicas: 2, metadata: { annotations: quiet } });
    await assert.rejects(
      plugin.update(created, wanted),
      /field conflict detected: .*\.spec\.replicas\n"someone" changed these fields/,
    );
    const refreshed = await plugin.read(created);
    assert.equal(at(refreshed?.inputs.values, "spec", "replicas"), 1);
    const ignored = await plugin.update(created, wanted, { ignoreChanges: ["spec.replicas"] });
    assert.equal(at(ignored.state.values, "spec", "replicas"), 1);
    const forced = { annotations: { ...quiet, "pulumi.com/patchForce": "true" } };
    const taken = await plugin.update(
      created,
      deployment(namespace, "shared", { replicas: 0, metadata: forced }),
    );
    assert.equal(at(taken.state.values, "spec", "replicas"), 0);
  });

  test("refresh of an untouched object changes no input, of a vanished one finds nothing", async () => {
    const values = { metadata: { namespace, name: "fleeting" }, data: { a: "1" } };
    const stored = await plugin.create(ConfigMap, "fleeting", values);
    assert.deepEqual((await plugin.read(stored))?.inputs.values, stored.inputs.values);
    await api.delete(`/api/v1/namespaces/${namespace}/configmaps/fleeting`, {});
    assert.equal(await plugin.read(stored), undefined);
  });

  test("imports an object with inputs that an up does not change", async () => {
    await plugin.create(ConfigMap, "known", { metadata: { namespace, name: "known" }, data: { a: "1" } });
    const nothing = { values: {}, secretPaths: [] };
    const imported = await plugin.read({
      type: ConfigMap,
      name: "known",
      id: `${namespace}/known`,
      inputs: nothing,
      state: nothing,
      initErrors: [],
    });
    assert.ok(imported);
    const values = { metadata: { namespace, name: "known" }, data: { a: "1" } };
    const { inputs } = await plugin.check(ConfigMap, "known", values, imported.inputs);
    assert.deepEqual((await plugin.diff(imported, inputs)).changed, []);
    const updated = await plugin.update(imported, {
      ...values,
      metadata: { ...values.metadata, labels: { a: "b" } },
    });
    assert.deepEqual(at(updated.state.values, "metadata", "labels"), { a: "b" });
  });

  test("stores a Deployment whose pods crash with the reason and the log, and waits again until it is mended", async () => {
    const crash = podTemplate("crash", "console.error('no database'); process.exit(3)");
    // Without it a pod counts as available in the moment between its start and its crash.
    const values = deployment(namespace, "crash", { template: crash, minReadySeconds: 10 });
    const broken = await plugin.create(Deployment, "crash", values, { timeoutSeconds: 1 });
    assert.equal(broken.initErrors[0], notLive("crash", "'crash' timed out waiting to be Ready"));
    assert.match(broken.initErrors.join("\n"), /0\/1 Pods available/);
    assert.equal(broken.id, `${namespace}/crash`);
    await podOf("crash", (status) => at(status, "containerStatuses", 0, "restartCount") !== 0);
    const again = await plugin.update(broken, values, { timeoutSeconds: 1 });
    const reasons = again.initErrors.join("\n");
    assert.match(reasons, /\[Pod crash-\S+\] container "main" terminated: Error with exit code 3/);
    assert.match(reasons, /no database/);
    assert.notDeepEqual((await plugin.read(again))?.initErrors, []);
    const mended = await plugin.update(again, deployment(namespace, "crash"));
    assert.deepEqual(mended.initErrors, []);
    assert.deepEqual((await plugin.read(mended))?.initErrors, []);
  });

  test("waits for a Job to complete, and fails at once with the log of one that failed", async () => {
    const jobOf = (name: string, script: string): PropertyMap => {
      const template = podTemplate(name, script);
      const spec = { ...(template.spec as PropertyMap), restartPolicy: "Never" };
      return { metadata: { namespace, name }, spec: { backoffLimit: 0, template: { ...template, spec } } };
    };
    const done = await plugin.create(Job, "done", jobOf("done", "console.log('formed')"));
    assert.equal(at(done.state.values, "status", "succeeded"), 1);
    const failed = await plugin.create(
      Job,
      "failed",
      jobOf("failed", "console.log('cannot form'); process.exit(4)"),
    );
    const reasons = failed.initErrors.join("\n");
    assert.ok(reasons.startsWith(notLive("failed", "Job failed: BackoffLimitExceeded")), reasons);
    assert.match(reasons, /exit code 4[\s\S]*cannot form/);
    const { inputs } = await plugin.check(Job, "done", jobOf("done", "console.log('again')"), done.inputs);
    const { replaces, deleteFirst } = await plugin.diff(done, inputs);
    assert.deepEqual(replaces, ["spec.template.spec.containers[0].command[2]"]);
    assert.equal(deleteFirst, true);
    const shown = await plugin.create(Job, "done", jobOf("done", "console.log('again')"), { preview: true });
    assert.equal(at(shown.state.values, "metadata", "name"), "done");
    await plugin.delete(done);
  });

  test("waits for a StatefulSet and its volume, and for a Service's endpoints", async () => {
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "16Mi" } } },
    };
    const set = await plugin.create(StatefulSet, "db", {
      metadata: { namespace, name: "db" },
      spec: {
        replicas: 2,
        serviceName: "db",
        selector: { matchLabels: { app: "db" } },
        template: podTemplate("db"),
        volumeClaimTemplates: [claim],
      },
    });
    assert.equal(at(set.state.values, "status", "readyReplicas"), 2);
    const selector = { app: "db" };
    const ports = [{ port: 80 }];
    const began = Date.now();
    const service = await plugin.create(Service, "db", {
      metadata: { namespace },
      spec: { selector, ports },
    });
    assert.ok(Date.now() - began >= 10_000, "endpoints have to be quiet for 10 s");
    assert.match(String(at(service.state.values, "spec", "clusterIP")), /^10\./);
    const started = Date.now();
    await plugin.create(Service, "db-all", {
      metadata: { namespace },
      spec: { clusterIP: "None", selector, ports },
    });
    assert.ok(Date.now() - started < 10_000, "a headless Service is not waited for");
    await plugin.delete(set);
  });

  test("stops waiting when the deployment is cancelled", async () => {
    const other = await PluginClient.start(config);
    try {
      const values = deployment(namespace, "endless", {
        template: podTemplate("endless", "process.exit(1)"),
      });
      const creating = other.create(Deployment, "endless", values);
      while (!(await live("Deployment", "endless"))) await new Promise((resolve) => setTimeout(resolve, 50));
      await other.cancel();
      assert.deepEqual((await creating).initErrors, [
        notLive("endless", "waiting for 'endless' was cancelled"),
      ]);
    } finally {
      other.close();
    }
  });
});

/** The first reason that the engine shows when an object was created but is not ready. */
const notLive = (name: string, why: string): string =>
  `resource "${namespace}/${name}" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: ${why}`;
