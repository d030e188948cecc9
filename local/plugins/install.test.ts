import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { toolsLock } from "../toolchain/lock.ts";
import { kubernetesPlugin } from "../toolchain/tools.ts";
import { dockerPlugin } from "./docker/plugin.ts";

const kubernetes = `resource-kubernetes-v${kubernetesPlugin.version.join(".")}`;
const docker = `resource-docker-v${dockerPlugin.version}`;
let folder: string;
let plugins: string;
let built: string;
let ensurePlugins: typeof import("./install.ts").ensurePlugins;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "plugins-"));
  process.env.BREAKWATER_HOME = join(folder, "data");
  process.env.XDG_CACHE_HOME = join(folder, "cache");
  plugins = join(folder, "data/pulumi/plugins");
  built = join(
    folder,
    "cache/breakwater/tools",
    await toolsLock([kubernetesPlugin]),
    "bin",
    kubernetesPlugin.name,
  );
  await script(built, "exit 0");
  ({ ensurePlugins } = await import("./install.ts"));
});
after(() => rm(folder, { recursive: true }));
beforeEach(() => rm(plugins, { recursive: true, force: true }));

async function script(path: string, lines: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
}

/** A `pulumi` that runs these lines of shell for `plugin install resource NAME VERSION`. */
async function pulumi(lines: string): Promise<{ path: () => string }> {
  const path = join(folder, "pulumi");
  await script(path, `echo "$4" >> ${folder}/asked\n${lines}`);
  return { path: () => path };
}

const download = `
dir="$PULUMI_HOME/plugins/resource-$4-v$5"
mkdir -p "$dir" && echo official > "$dir/pulumi-resource-$4"`;
const asked = () => readFile(join(folder, "asked"), "utf8").catch(() => "");

test("ensurePlugins links the built Kubernetes plugin and bundles the docker plugin when no download is possible", async () => {
  const unreachable = await pulumi("exit 1");
  await ensurePlugins(unreachable);
  assert.equal(await readlink(join(plugins, kubernetes, "pulumi-resource-kubernetes")), built);
  assert.match(await readFile(join(plugins, docker, "pulumi-resource-docker"), "utf8"), /main\.cjs/);
  const before = await asked();
  await ensurePlugins(unreachable);
  assert.equal(await asked(), before, "does not try the download again");
});

test("ensurePlugins keeps the plugins that it can download", async () => {
  const reachable = await pulumi(download);
  await ensurePlugins(reachable);
  await ensurePlugins(await pulumi("exit 1"));
  for (const file of [`${kubernetes}/pulumi-resource-kubernetes`, `${docker}/pulumi-resource-docker`])
    assert.equal(await readFile(join(plugins, file), "utf8"), "official\n");
});

test("ensurePlugins removes what a killed download has left", async () => {
  await mkdir(join(plugins, kubernetes), { recursive: true });
  await writeFile(join(plugins, kubernetes, "half"), "");
  await ensurePlugins(await pulumi("exit 1"));
  await assert.rejects(readFile(join(plugins, kubernetes, "half")), /ENOENT/);
  assert.equal(await readlink(join(plugins, kubernetes, "pulumi-resource-kubernetes")), built);
});
