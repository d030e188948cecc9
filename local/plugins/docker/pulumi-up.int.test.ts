import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { $ } from "zx";
import { registryEndpoint } from "../../cluster/registry.ts";
import { ensureTools } from "../../toolchain/toolchain.ts";
import { installDockerPlugin, pluginDir } from "../install.ts";
import { dockerPlugin } from "./plugin.ts";
import { folder, registryDigest, repository, startEngineAndRegistry } from "./testing/image-fixture.ts";

const projectRoot = join(import.meta.dirname, "../../..");
const base = "localhost:5000/breakwater/postgres:17";
before(startEngineAndRegistry);

const program = (imageName: string): string => `
import * as docker from "@pulumi/docker";
const image = new docker.Image("api", {
  imageName: ${JSON.stringify(imageName)},
  build: { context: "context", args: { BASE_IMAGE: ${JSON.stringify(base)} } },
});
export const repoDigest = image.repoDigest;
`;

test("pulumi up builds an image, keeps it, rebuilds it after a change, and reports why a build failed", async (t) => {
  const path = repository(t);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the Dockerfile's own variable
  const dockerfile = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY data.txt /\n";
  const dir = await folder(t, {
    "program/Pulumi.yaml": "name: docker-up\nruntime: nodejs\n",
    "program/package.json": '{"type":"module","main":"index.ts"}\n',
    "program/index.ts": program(`localhost:5000/${path}:1`),
    "program/context/Dockerfile": dockerfile,
    "program/context/.dockerignore": "*.log\n",
    "program/context/data.txt": "1",
  });
  const context = join(dir, "program/context");
  const home = join(dir, "home");
  const plugin = pluginDir(home, dockerPlugin.name, dockerPlugin.version);
  await mkdir(plugin, { recursive: true });
  await mkdir(join(dir, "state"));
  await installDockerPlugin(plugin);
  await symlink(join(projectRoot, "node_modules"), join(dir, "program/node_modules"));
  const { searchPath } = await ensureTools();
  const env = {
    ...process.env,
    PATH: `${searchPath}:${process.env.PATH}`,
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${join(dir, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_CONFIG_PASSPHRASE_FILE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const pulumi = $({ cwd: join(dir, "program"), env, quiet: true, nothrow: true });
  const flags = ["--yes", "--skip-preview", "--non-interactive", "--color", "never"];
  const up = async (): Promise<{ output: string; exitCode: number | null; seconds: number }> => {
    const { stdout, stderr, exitCode, duration } = await pulumi`pulumi up ${flags}`;
    return { output: stdout + stderr, exitCode, seconds: duration / 1000 };
  };
  const repoDigest = async (): Promise<string> =>
    (await pulumi`pulumi stack output repoDigest`).stdout.trim();
  const inRegistry = async (): Promise<string> => `localhost:5000/${path}@${await registryDigest(path, "1")}`;

  const made = await pulumi`pulumi stack init test`;
  assert.equal(made.exitCode, 0, made.stderr);
  const preview = await pulumi`pulumi preview --non-interactive --color never`;
  assert.match(preview.stdout, /\+ 2 to create/, preview.stdout);
  assert.equal(await registryDigest(path, "1"), undefined, "a preview pushes nothing");

  const first = await up();
  assert.equal(first.exitCode, 0, first.output);
  assert.match(first.output, /\+ 2 created/);
  const firstDigest = await repoDigest();
  assert.equal(firstDigest, await inRegistry());

  await writeFile(join(context, "noise.log"), "ignored");
  const same = await up();
  assert.match(same.output, /2 unchanged/, same.output);

  await writeFile(join(context, "data.txt"), "2");
  const rebuilt = await up();
  assert.match(rebuilt.output, /~ 1 updated/, rebuilt.output);
  const secondDigest = await repoDigest();
  assert.notEqual(secondDigest, firstDigest);
  assert.equal(secondDigest, await inRegistry());

  const manifest = `${registryEndpoint}/v2/${path}/manifests/${await registryDigest(path, "1")}`;
  assert.equal((await fetch(manifest, { method: "DELETE" })).status, 202);
  const lost = await pulumi`pulumi preview --non-interactive --color never`;
  assert.match(lost.stdout, /~ 1 to update/, lost.stdout);
  assert.equal(await registryDigest(path, "1"), undefined, "a preview pushes nothing");
  assert.match((await up()).output, /~ 1 updated/);
  assert.equal(await inRegistry(), secondDigest, "an image that the registry has lost is there again");
  assert.match((await up()).output, /2 unchanged/);

  await writeFile(join(context, "Dockerfile"), `${dockerfile}RUN echo "no such luck"; exit 3\n`);
  const failed = await up();
  assert.notEqual(failed.exitCode, 0);
  assert.match(failed.output, /error reading build output: Step 4\/4 : RUN .* returned a non-zero code: 3/);
  assert.match(failed.output, /no such luck/);

  await writeFile(join(context, "Dockerfile"), dockerfile);
  assert.match((await up()).output, /2 unchanged/, "the state before the failure is kept");

  await rm(join(context, "Dockerfile"));
  const missing = await up();
  assert.notEqual(missing.exitCode, 0);
  assert.match(missing.output, /could not open dockerfile at relative path context\/Dockerfile/);

  await writeFile(join(context, "Dockerfile"), dockerfile);
  const destroyed = await pulumi`pulumi destroy ${flags}`;
  assert.match(destroyed.stdout, /- 2 deleted/, destroyed.stdout + destroyed.stderr);
  assert.equal(await inRegistry(), secondDigest, "tags stay in the registry");
  const seconds = [first, same, rebuilt].map((run) => run.seconds.toFixed(1));
  t.diagnostic(`first up ${seconds[0]} s, no change ${seconds[1]} s, rebuilt and pushed ${seconds[2]} s`);
});
