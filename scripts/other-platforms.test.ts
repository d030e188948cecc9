// Needs a process of its own: a stack's file is in the checkout while it runs.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { glob } from "zx";
import { tryCommand } from "../host/run-command.ts";
import { projectRoot } from "./stack.ts";

// What can be shown on Linux of the path "npm install; pulumi up to one's own cluster" on macOS and Windows: it works
// without /proc and without any other file outside of the checkout, without user IDs, and with another process.platform.

/** Makes the process look like one on another system. */
const disguise = (platform: string): string =>
  `data:text/javascript,${encodeURIComponent(
    `Object.defineProperty(process, "platform", { value: ${JSON.stringify(platform)} });
     for (const name of ["getuid", "geteuid", "getgid", "getegid", "getgroups"]) delete process[name];`,
  )}`;

/** Runs Node.js on another system in disguise, which may read the checkout only. */
function runOn(
  platform: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  permissions: string[] = [],
) {
  const allowed = ["--permission", `--allow-fs-read=${projectRoot}`, ...permissions];
  return tryCommand(process.execPath, [...allowed, "--import", disguise(platform), ...args], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
}

for (const platform of ["darwin", "win32"]) {
  test(`the modules of the commands, the Pulumi program and the load test load on ${platform}`, async () => {
    const paths = await glob(
      [
        "{config,contract,k8s,nginx}/**/*.ts",
        "scripts/{commands,loadtest-commands,entry,workspace}.ts",
        "loadtest/run.ts",
        "app/build.ts",
      ],
      {
        cwd: projectRoot,
        ignore: ["**/*.test.ts", "**/testing/**"],
      },
    );
    assert.ok(paths.length > 40);
    const imports = paths.map(
      (path) => `await import(${JSON.stringify(pathToFileURL(join(projectRoot, path)).href)});`,
    );
    const { exitCode, stderr } = await runOn(platform, ["--input-type=module", "--eval", imports.join("\n")]);
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: "" });
  });
}

/** Writes a `pulumi` that notes its arguments, and a stack that names a cluster of its own. */
function stackOfItsOwn(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "platforms-"));
  const stack = `platform-test-${process.pid}`;
  const configFile = join(projectRoot, `Pulumi.${stack}.yaml`);
  t.after(() => {
    rmSync(folder, { recursive: true });
    rmSync(configFile, { force: true });
  });
  writeFileSync(configFile, "config:\n  breakwater:cluster:\n    kubeContext: mine\n");
  writeFileSync(
    join(folder, "pulumi"),
    `#!/bin/sh\necho "$*" >> "${folder}/asked"\necho '{"endpoint":"http://host:1","loadtest":{}}'\n`,
  );
  chmodSync(join(folder, "pulumi"), 0o755);
  return { stack, folder, asked: () => readFileSync(join(folder, "asked"), "utf8").trim().split("\n") };
}

test("npm run up deploys to a cluster of one's own on macOS without reading anything of Linux", async (t) => {
  const { stack, folder, asked } = stackOfItsOwn(t);
  const { exitCode, stderr } = await runOn(
    "darwin",
    ["scripts/up.ts", "--stack", stack],
    { PATH: [folder, process.env.PATH].join(delimiter) },
    ["--allow-child-process", `--allow-fs-write=${join(projectRoot, ".build")}`],
  );
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /the API answers at http:\/\/host:1\/api\//);
  assert.deepEqual(
    asked().map((line) => line.split(" ").slice(0, 2).join(" ")),
    ["version", "stack select", "up --yes", "stack output"],
  );
});
