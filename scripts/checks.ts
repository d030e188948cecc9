import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { $, glob, which } from "zx";
import { projectRoot } from "./stack.ts";
import { unitTests } from "./test-files.ts";
import { groupTests, writeGroups } from "./test-groups.ts";

const run = $({ cwd: projectRoot, preferLocal: true, nothrow: true });

/** Arguments that start TypeScript: node with tsx. */
export const nodeWithTsx = [process.execPath, "--import", import.meta.resolve("tsx")];

/**
 * Runs unit tests, those of a room in one process where they do not disturb each other.
 *
 * @param paths files or folders relative to the checkout; none for all.
 * @returns the exit code of node's test runner.
 * @throws {UserError} with exit code 2 when one of the paths has no unit tests.
 */
export async function runUnitTests(paths: readonly string[] = []): Promise<number> {
  const files = await unitTests(paths);
  const texts = files.map((file) => [file, readFileSync(join(projectRoot, file), "utf8")] as const);
  const { groups, alone } = groupTests(new Map(texts));
  const folder = join(projectRoot, ".build", `unit-${process.pid}`);
  try {
    const modules = writeGroups(groups, folder, projectRoot);
    const { exitCode } = await run({
      stdio: "inherit",
    })`${nodeWithTsx} --test --test-concurrency=2 ${modules} ${alone}`;
    return exitCode ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the arguments of shellcheck, a list for each kind of shell. */
async function shellScripts(): Promise<string[][]> {
  return [
    [
      "--shell=sh",
      ...(await glob("**/*.sh", { cwd: projectRoot, ignore: ["**/node_modules/**", ".build/**"] })),
    ],
    ["--shell=bash", ".ci/run"],
  ];
}

/**
 * Runs the unit tests, and at the same time checks types, format and lint, and shell scripts where shellcheck is installed.
 * The output of the checks follows the tests' output.
 *
 * @returns the exit code.
 */
export async function runChecks(): Promise<number> {
  const quiet = run({
    stdio: ["ignore", "pipe", "pipe"],
    quiet: true,
    env: { ...process.env, FORCE_COLOR: "1" },
  });
  // Some tests measure time, so they come before types and lint when the processors are busy.
  const [tests, ...others] = await Promise.all([
    runUnitTests(),
    quiet`nice tsc --noEmit --incremental --tsBuildInfoFile .build/types.tsbuildinfo`,
    quiet`nice biome check .`,
    ...((await which("shellcheck", { nothrow: true })) === null
      ? []
      : (await shellScripts()).map((args) => quiet`shellcheck ${args}`)),
  ]);
  const failed = others.filter(({ exitCode }) => exitCode !== 0);
  for (const { stdout, stderr } of failed) console.error(stdout + stderr);
  return tests !== 0 || failed.length > 0 ? 1 : 0;
}
