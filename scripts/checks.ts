import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { $, glob, which } from "zx";
import { projectRoot } from "./stack.ts";
import { unitTests } from "./test-files.ts";
import { groupTests, writeGroups } from "./test-groups.ts";

const run = $({ cwd: projectRoot, preferLocal: true, nothrow: true });

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
    })`${process.execPath} --test --test-concurrency=2 ${modules} ${alone}`;
    return exitCode ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Checks the types of all TypeScript. */
const checkTypes = (start: typeof run) =>
  start`nice tsc --noEmit --incremental --tsBuildInfoFile .build/types.tsbuildinfo`;

/** Checks format and lint at or below the paths, and all shell scripts where shellcheck is installed. */
async function checkStyle(start: typeof run, paths: readonly string[] = ["."]) {
  const hasShellcheck = (await which("shellcheck", { nothrow: true })) !== null;
  return [
    start`nice biome check ${paths}`,
    ...(hasShellcheck ? (await shellScripts()).map((args) => start`shellcheck ${args}`) : []),
  ];
}

/** Returns the arguments of shellcheck, a list for each kind of shell. A script without a first line for one is for `sh`. */
async function shellScripts(): Promise<string[][]> {
  const scripts = await glob("**/*.sh", { cwd: projectRoot, ignore: ["**/node_modules/**", ".build/**"] });
  const isForBash = (script: string) => /^#!.*\bbash\b/.test(readFileSync(join(projectRoot, script), "utf8"));
  const [sh, bash] = [false, true].map((wanted) => scripts.filter((script) => isForBash(script) === wanted));
  return [
    ["--shell=sh", ...(sh ?? [])],
    ["--shell=bash", ".ci/run", ...(bash ?? [])],
  ];
}

const whole = (paths: readonly string[]): readonly string[] => (paths.length === 0 ? ["."] : paths);
const onTerminal = () => run({ stdio: "inherit" });

/** Checks types. @returns the exit code. */
export async function runTypeCheck(): Promise<number> {
  const { exitCode } = await checkTypes(onTerminal());
  return exitCode === 0 ? 0 : 1;
}

/**
 * Checks format and lint, and all shell scripts where shellcheck is installed.
 *
 * @param paths files or folders relative to the checkout; none for all.
 * @returns the exit code.
 */
export async function runLint(paths: readonly string[]): Promise<number> {
  const results = await Promise.all(await checkStyle(onTerminal(), whole(paths)));
  return results.every(({ exitCode }) => exitCode === 0) ? 0 : 1;
}

/**
 * Formats files, and repairs what lint can repair.
 *
 * @param paths files or folders relative to the checkout; none for all.
 * @returns the exit code: 1 when problems are left.
 */
export async function runFormat(paths: readonly string[]): Promise<number> {
  const { exitCode } = await onTerminal()`biome check --write ${whole(paths)}`;
  return exitCode === 0 ? 0 : 1;
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
    checkTypes(quiet),
    ...(await checkStyle(quiet)),
  ]);
  const failed = others.filter(({ exitCode }) => exitCode !== 0);
  for (const { stdout, stderr } of failed) console.error(stdout + stderr);
  return tests !== 0 || failed.length > 0 ? 1 : 0;
}
