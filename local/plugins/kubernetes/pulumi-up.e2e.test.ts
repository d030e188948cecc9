import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { $ } from "zx";
import { dataPaths } from "../../paths.ts";
import { ensureTools } from "../../toolchain/toolchain.ts";
import { bundlePlugin } from "../bundle.ts";
import { pluginDir } from "../install.ts";

const projectRoot = join(import.meta.dirname, "../../..");
const namespace = `plugin-up-${randomBytes(3).toString("hex")}`;
const program = `
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
const config = new pulumi.Config();
const provider = new k8s.Provider("cluster", { kubeconfig: ${JSON.stringify(dataPaths.kubeconfig)}, context: "breakwater" });
const options = { provider };
const home = new k8s.core.v1.Namespace("home", { metadata: { name: ${JSON.stringify(namespace)} } }, options);
const namespace = home.metadata.name;
const secret = new k8s.core.v1.Secret("password", { metadata: { namespace }, stringData: { password: pulumi.secret("hush") } }, options);
const settings = new k8s.core.v1.ConfigMap("settings", { metadata: { namespace }, data: { mode: config.get("mode") ?? "a" } }, options);
const labels = { app: "web" };
const container = {
  name: "main",
  image: config.get("image") ?? "localhost:5000/breakwater/pause:3",
  env: [{ name: "MODE", valueFrom: { configMapKeyRef: { name: settings.metadata.name, key: "mode" } } }],
  resources: { requests: { cpu: "10m" }, limits: { cpu: "500m", memory: "16Mi" } },
};
new k8s.apps.v1.Deployment("web", {
  metadata: { namespace },
  spec: {
    replicas: config.getNumber("replicas") ?? 3,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } },
  },
}, { ...options, customTimeouts: { create: "2m", update: config.get("patience") ?? "2m" } });
for (let i = 0; i < 15; i++) {
  new k8s.core.v1.ConfigMap("many-" + i, { metadata: { namespace }, data: { i: String(i) } }, options);
}
export const settingsName = settings.metadata.name;
export const data = secret.data;
`;

let folder: string;
let pulumi: ReturnType<typeof $<{ nothrow: true; quiet: true }>>;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "plugin-up-"));
  const home = join(folder, "home");
  const dir = pluginDir(home, "kubernetes", "4.34.2");
  for (const made of [dir, join(folder, "state"), join(folder, "program")])
    mkdirSync(made, { recursive: true });
  await bundlePlugin("kubernetes", join(dir, "main.cjs"));
  const start = `#!/bin/sh\nexec '${process.execPath}' "\${0%/*}/main.cjs" "$@"\n`;
  writeFileSync(join(dir, "pulumi-resource-kubernetes"), start, { mode: 0o755 });
  symlinkSync(join(projectRoot, "node_modules"), join(folder, "program/node_modules"));
  writeFileSync(join(folder, "program/package.json"), '{"type":"module","main":"index.ts"}\n');
  writeFileSync(join(folder, "program/Pulumi.yaml"), "name: plugin-up\nruntime: nodejs\n");
  writeFileSync(join(folder, "program/index.ts"), program);
  const { binDir } = await ensureTools();
  const env = {
    ...process.env,
    PATH: `${binDir}:${process.env.PATH}`,
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_CONFIG_PASSPHRASE_FILE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  pulumi = $({ cwd: join(folder, "program"), env, quiet: true, nothrow: true });
  const made = await pulumi`pulumi stack init test`;
  assert.equal(made.exitCode, 0, made.stderr);
});
after(async () => {
  await pulumi`pulumi destroy --yes --skip-preview --non-interactive`;
  rmSync(folder, { recursive: true, force: true });
});

async function up(): Promise<{ output: string; exitCode: number | null; seconds: number }> {
  const run = await pulumi`pulumi up --yes --skip-preview --non-interactive --color never`;
  return { output: run.stdout + run.stderr, exitCode: run.exitCode, seconds: run.duration / 1000 };
}

test("pulumi up makes, leaves, changes, repairs and destroys a program's objects", async (t) => {
  const preview = await pulumi`pulumi preview --non-interactive --color never`;
  assert.match(preview.stdout, /\+ 21 to create/, preview.stdout);

  const first = await up();
  assert.equal(first.exitCode, 0, first.output);
  assert.match(first.output, /\+ 21 created/);
  assert.doesNotMatch((await pulumi`pulumi stack export`).stdout, /hush|aHVzaA==/);

  const same = await up();
  assert.match(same.output, /21 unchanged/);

  await pulumi`pulumi config set replicas 5`;
  const scaled = await up();
  assert.match(scaled.output, /~ 1 updated/, scaled.output);

  await pulumi`pulumi config set mode b`;
  const replaced = await up();
  assert.match(replaced.output, /\+-1 replaced/, replaced.output);
  assert.match(replaced.output, /~ 1 updated/, "the Deployment takes the new ConfigMap's name");

  await pulumi`pulumi config set image localhost:5000/breakwater/none:1`;
  await pulumi`pulumi config set patience 3s`;
  const broken = await up();
  assert.notEqual(broken.exitCode, 0);
  assert.match(
    broken.output,
    /was successfully updated, but .* failed to fully initialize or become live: 'web-/,
  );
  assert.match(broken.output, /container "main" waiting: (ErrImagePull|ImagePullBackOff|ContainerCreating)/);
  const again = await up();
  assert.notEqual(again.exitCode, 0, "an up with no change waits again");

  await pulumi`pulumi config rm image`;
  await pulumi`pulumi config rm patience`;
  const mended = await up();
  assert.equal(mended.exitCode, 0, mended.output);

  const refreshed = await pulumi`pulumi refresh --yes --skip-preview --non-interactive --color never`;
  assert.equal(refreshed.exitCode, 0, refreshed.stdout + refreshed.stderr);
  assert.match((await up()).output, /21 unchanged/, "a refresh leaves no diff");

  const destroyed = await pulumi`pulumi destroy --yes --skip-preview --non-interactive --color never`;
  assert.match(destroyed.stdout, /- 21 deleted/, destroyed.stdout + destroyed.stderr);
  t.diagnostic(
    `first up ${first.seconds.toFixed(1)} s, no change ${same.seconds.toFixed(1)} s, 3 to 5 replicas ${scaled.seconds.toFixed(1)} s`,
  );
});
