import { $ } from "zx";
import { bringUp } from "../local/bring-up.ts";
import { projectRoot } from "./stack.ts";

/** Runs end-to-end tests with those that `npm test` leaves out. @returns the exit code of the test runner */
export async function runLongForm(files: readonly string[]): Promise<number> {
  const env = { ...process.env, ...(await bringUp()), BREAKWATER_LONG: "1" };
  const { exitCode } = await $({
    cwd: projectRoot,
    env,
    stdio: "inherit",
    nothrow: true,
  })`${process.execPath} --test --test-force-exit --test-concurrency=1 ${files}`;
  return exitCode ?? 1;
}
