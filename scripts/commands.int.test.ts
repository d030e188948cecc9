import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { tryCommand } from "../host/run-command.ts";
import { projectRoot } from "./stack.ts";

const packageJson = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
/** Unknown options are Pulumi's to refuse. */
const passingOn = ["pulumi"];

/** Runs an npm script in a home without anything of Breakwater, and checks that nothing comes into it. */
async function runWithoutEffect(t: TestContext, name: string, ...args: string[]) {
  const home = await mkdtemp(join(tmpdir(), "commands-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const before = await tryCommand("git", ["status", "--porcelain", "--ignored"], { cwd: projectRoot });
  const result = await tryCommand("npm", ["run", "--silent", name, "--", ...args], {
    cwd: projectRoot,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      BREAKWATER_HOME: join(home, "data"),
      npm_config_cache: join(tmpdir(), "commands-npm-cache"),
      npm_config_update_notifier: "false",
    },
  });
  assert.deepEqual(await readdir(home), [], `${name} ${args.join(" ")} has written files`);
  const after = await tryCommand("git", ["status", "--porcelain", "--ignored"], { cwd: projectRoot });
  assert.equal(after.stdout, before.stdout);
  return result;
}

for (const name of Object.keys(packageJson.scripts)) {
  test(`npm run ${name} -- --help prints the usage and does nothing else`, async (t) => {
    const { exitCode, stdout, stderr } = await runWithoutEffect(t, name, "--help");
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: "" });
    assert.match(stdout, /^Usage: npm /);
    assert.match(stdout, /^ +-h, --help +show this help$/m);
  });

  if (!passingOn.includes(name))
    test(`npm run ${name} refuses an unknown option with exit code 2, and does nothing else`, async (t) => {
      const { exitCode, stdout, stderr } = await runWithoutEffect(t, name, "--no-such-option");
      assert.deepEqual({ exitCode, stdout }, { exitCode: 2, stdout: "" });
      assert.match(stderr, /--no-such-option/);
      assert.match(stderr, /see all options: npm (run )?\S+ -- --help/);
    });
}
