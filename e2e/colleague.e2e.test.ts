import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { $ } from "zx";
import { dataPaths, registryAddress } from "../local/paths.ts";
import { projectRoot } from "../scripts/stack.ts";
import { closeClusterView } from "./cluster-view.ts";
import { configFile, configure, createStack, destroyStack, outputs, stackName, up } from "./test-stack.ts";

// A stack that names its cluster, and a second person: another checkout, another HOME, and a kubeconfig with another
// path and another context name than the deployer's.
const folder = mkdtempSync(join(tmpdir(), "colleague-"));
const checkout = join(folder, "checkout");
/** A symbolic link to the deployer's checkout, which `$PWD` names: Pulumi takes it for the project's folder. */
const deployersLink = join(folder, "deployer");
const kubeconfig = join(folder, "kube", "config");
const quiet = $({ cwd: projectRoot, quiet: true });

function envOf(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { BREAKWATER_KUBECONFIG: _, KUBECONFIG: __, ...env } = process.env;
  return { ...env, HOME: folder, ...more };
}

before(async () => {
  const { stdout } = await quiet`git ls-files --cached --others --exclude-standard -z`;
  for (const file of stdout.split("\0").filter((name) => name !== "")) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    cpSync(join(projectRoot, file), join(checkout, file));
  }
  symlinkSync(join(projectRoot, "node_modules"), join(checkout, "node_modules"));
  // The deployer's own; the context of a stack is looked up there.
  process.env.KUBECONFIG = dataPaths.kubeconfig;
  mkdirSync(dirname(kubeconfig));
  copyFileSync(dataPaths.kubeconfig, kubeconfig);
  symlinkSync(projectRoot, deployersLink);
  process.env.PWD = deployersLink;
  await createStack();
  for (const [key, value] of [
    ["cluster.kubeContext", "breakwater"],
    ["cluster.dnsAddress", "10.43.0.10"],
    ["registry.address", registryAddress],
    ["images.node", `${registryAddress}/breakwater/node:24`],
    ["images.nginx", `${registryAddress}/breakwater/nginx:1.30`],
    ["images.redis", `${registryAddress}/breakwater/redis:8.0`],
    ["images.postgres", `${registryAddress}/breakwater/postgres:17`],
    ["database.runAsUser", "10001"],
    ["nginx.serviceType", "NodePort"],
    ["redis.replicasPerShard", "0"],
  ] as const)
    await quiet`pulumi config set --stack ${stackName} --path ${key} ${value}`;
});

after(async () => {
  closeClusterView();
  await $({
    cwd: projectRoot,
    quiet: true,
    nothrow: true,
  })`pulumi state unprotect --all --yes --stack ${stackName}`;
  await destroyStack();
  rmSync(folder, { recursive: true, force: true });
});

test("pulumi up of another person, with another checkout, HOME and kubeconfig, changes nothing, and the state names no path", async () => {
  await up();
  const { cluster } = await outputs();
  assert.deepEqual(Object.keys(cluster).sort(), ["kubeContext", "namespaceUid", "server"]);
  copyFileSync(configFile, join(checkout, `Pulumi.${stackName}.yaml`));
  const run = $({ cwd: checkout, env: envOf({ KUBECONFIG: kubeconfig }), quiet: true, nothrow: true });
  const flags = ["--yes", "--skip-preview", "--non-interactive", "--expect-no-changes"];
  const { exitCode, stdout, stderr } = await run`pulumi up --stack ${stackName} ${flags}`;
  assert.equal(exitCode, 0, stdout + stderr);
  const { stdout: exported } = await run`pulumi stack export --stack ${stackName}`;
  // The SDK registers the stack itself before the program loads, with its own position in node_modules, which is a link here.
  const state = exported.replaceAll(/"project:[^"]*\/node_modules\/@pulumi\/[^"]*"/g, "");
  for (const path of [projectRoot, folder, dataPaths.kubeconfig])
    assert.ok(!state.includes(path), `the state names ${path}`);
});

test("the load test of another person finds the cluster under another context name", async () => {
  await quiet`kubectl --kubeconfig ${kubeconfig} config rename-context breakwater mine`;
  const flags = [
    "--stack",
    stackName,
    "--scenario",
    "light",
    "--duration",
    "2s",
    "--out",
    join(folder, "out"),
  ];
  const run = $({ cwd: checkout, env: envOf({ KUBECONFIG: kubeconfig }), quiet: true, nothrow: true });
  const { exitCode, stdout, stderr } = await run`node loadtest/main.ts ${flags}`;
  assert.ok([0, 98, 99].includes(exitCode ?? 1), stdout + stderr);
  const report = JSON.parse(readFileSync(join(folder, "out", "report.json"), "utf8")) as { pods: unknown[] };
  assert.ok(report.pods.length > 0);
});

test("the load test names the context and the fix when this user has no access to the cluster", async () => {
  const empty = join(folder, "empty");
  writeFileSync(empty, "apiVersion: v1\nkind: Config\n");
  const env = envOf({ KUBECONFIG: empty, BREAKWATER_KUBECONFIG: empty });
  const run = $({ cwd: checkout, env, quiet: true, nothrow: true });
  const { exitCode, stderr } = await run`node loadtest/main.ts --stack ${stackName}`;
  assert.equal(exitCode, 1);
  assert.match(stderr, /no access to the cluster of the stack \(context breakwater, https:.*KUBECONFIG=/s);
});

test("pulumi destroy refuses a protected database before it deletes anything, and works after database.protect is false", async () => {
  const run = $({ cwd: projectRoot, quiet: true, nothrow: true });
  // Without a preview, the engine deletes what is not protected first (docs/decisions.md#protected-and-destroyed).
  const refused = await run`pulumi destroy --yes --non-interactive --stack ${stackName}`;
  assert.notEqual(refused.exitCode, 0);
  assert.match(refused.stdout + refused.stderr, /protect/);
  await up("--expect-no-changes");
  const { endpoint } = await outputs();
  assert.equal((await fetch(`${endpoint}/api/light`)).status, 200);
  await configure("database.protect", "false");
  await up();
  await destroyStack();
});
