import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { glob } from "zx";
import { runCommand, tryCommand } from "../../host/run-command.ts";
import { derivedFiles } from "../derived-files.ts";
import { root } from "./text-files.ts";

interface Step {
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
}
interface Workflow {
  jobs: Record<string, { steps: Step[] }>;
}
interface Update {
  "package-ecosystem": string;
  directory?: string;
  directories?: string[];
}

const read = <Content>(path: string) => parse(readFileSync(join(root, path), "utf8")) as Content;
const yamlFiles = (await glob("**/*.{yml,yaml}", { cwd: join(root, ".github"), dot: true })).sort();
const workflows = yamlFiles.filter((path) => path.startsWith("workflows/"));
const { scripts } = read<{ scripts: Record<string, string> }>("package.json");

/** Folders that have a file of this name, as Dependabot writes them. */
async function foldersWith(name: string): Promise<string[]> {
  const ignore = ["**/node_modules/**", ".build/**"];
  const files = await glob(`**/${name}`, { cwd: root, ignore });
  return files.map((file) => join("/", dirname(file))).sort();
}

test("every YAML file of .github has content", () => {
  assert.ok(yamlFiles.length >= 4);
  for (const path of yamlFiles) assert.equal(typeof read(join(".github", path)), "object", path);
});

for (const path of workflows) {
  const { jobs } = read<Workflow>(join(".github", path));
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  test(`${path} runs programs and npm scripts that exist`, () => {
    for (const { run } of steps) {
      const [program = "", verb, script] = (run ?? "apt-get").split(" ");
      if (program === "npm") assert.ok(verb === "run" && script && script in scripts, run);
      else if (program !== "apt-get") assert.ok(existsSync(join(root, program)), run);
    }
  });

  test(`${path} names versions of actions, and files that exist`, () => {
    for (const { uses, with: input = {} } of steps) {
      if (uses !== undefined) assert.match(uses, /^[\w-]+\/[\w-]+@v\d+$/);
      for (const [name, file] of Object.entries(input))
        if (name.endsWith("-version-file")) assert.ok(existsSync(join(root, String(file))), String(file));
    }
  });
}

test("a workflow runs .ci/run", () => {
  const runs = workflows.flatMap((path) =>
    Object.values(read<Workflow>(join(".github", path)).jobs).flatMap((job) =>
      job.steps.map(({ run }) => run),
    ),
  );
  assert.ok(runs.includes(".ci/run"));
});

test("Dependabot covers every go.mod and every lockfile of npm", async () => {
  const { updates } = read<{ updates: Update[] }>(".github/dependabot.yml");
  const covered = (ecosystem: string) =>
    updates
      .filter((update) => update["package-ecosystem"] === ecosystem)
      .flatMap(({ directory, directories = [] }) => directory ?? directories)
      .sort();
  assert.deepEqual(covered("gomod"), await foldersWith("go.mod"));
  assert.deepEqual(covered("npm"), await foldersWith("package-lock.json"));
  assert.deepEqual(covered("github-actions"), ["/"]);
});

test("git knows that generated files are generated", async () => {
  const isPart = (path: string) => path.endsWith(".md") || path === "Pulumi.yaml";
  const whole = Object.keys(await derivedFiles()).filter((path) => !isPart(path));
  const paths = [...whole, "package-lock.json"];
  const lines = await runCommand("git", ["check-attr", "linguist-generated", "--", ...paths], { cwd: root });
  assert.deepEqual(
    lines.trim().split("\n"),
    paths.map((path) => `${path}: linguist-generated: set`),
  );
});

test("git ignores the stack files of a machine and of the tests, and no others", async () => {
  const names = ["local", "e2e", "prod", "local.example", "remote.example"];
  const files = names.map((name) => `Pulumi.${name}.yaml`);
  const { stdout } = await tryCommand("git", ["check-ignore", "--no-index", ...files], { cwd: root });
  assert.deepEqual(stdout.trim().split("\n"), ["Pulumi.local.yaml", "Pulumi.e2e.yaml"]);
});
