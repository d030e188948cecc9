import { runForeground } from "../host/foreground.ts";
import { bringUp } from "../local/bring-up.ts";
import { projectRoot } from "./stack.ts";

/** Longest time of a test. */
const mostMs = 1_200_000;

/** Runs end-to-end tests with those that `npm test` leaves out. @returns the exit code of the test runner */
export async function runLongForm(files: readonly string[]): Promise<number> {
  return runRealTests(files, { BREAKWATER_LONG: "1" });
}

/**
 * Runs tests that need servers or the embedded cluster, one file after the other. A signal to this process ends them.
 *
 * @param variables more variables of the environment
 * @returns the exit code of the test runner
 */
export async function runRealTests(
  files: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): Promise<number> {
  const env = { ...process.env, ...(await bringUp()), ...variables };
  // A timer or connection that a file leaves open must not hold up all others until the time-out.
  const flags = ["--test", "--test-force-exit", "--test-concurrency=1", `--test-timeout=${mostMs}`];
  const { exitCode } = await runForeground(process.execPath, [...flags, ...files], { cwd: projectRoot, env });
  return exitCode ?? 1;
}
