import { existsSync, readFileSync } from "node:fs";
import { $ } from "zx";
import { requireExactSpelling } from "../config/spelling.ts";
import { UserError } from "../contract/user-error.ts";
import { bringUp } from "../local/bring-up.ts";
import { prepareConfigFile, projectName, projectRoot, type StackChoice } from "./stack.ts";

/**
 * Makes the stack's cluster and Pulumi ready. An embedded stack brings its own cluster; any other uses the pulumi and
 * the login that the machine has.
 *
 * @returns the environment for every later command.
 */
export async function openCluster(stack: StackChoice): Promise<NodeJS.ProcessEnv> {
  const env = { ...process.env, ...(stack.embedded ? await bringUp() : {}) };
  if (!stack.embedded) await requirePulumi(env);
  return env;
}

/**
 * Opens the stack's cluster and selects the stack, creating it when it is new.
 *
 * @returns as `openCluster`.
 * @throws {ConfigError} when Pulumi would change the spelling of a value in the stack's file.
 */
export async function openWorkspace(stack: StackChoice): Promise<NodeJS.ProcessEnv> {
  if (existsSync(stack.configFile)) requireExactSpelling(readFileSync(stack.configFile, "utf8"), projectName);
  const env = await openCluster(stack);
  if (stack.embedded) prepareConfigFile(stack);
  await $({ cwd: projectRoot, env, stdio: ["ignore", 2, 2] })`pulumi stack select --create ${stack.name}`;
  return env;
}

async function requirePulumi(env: NodeJS.ProcessEnv): Promise<void> {
  const found = await $({ env, nothrow: true, quiet: true })`pulumi version`;
  if (found.exitCode === 0) return;
  throw new UserError(
    "pulumi is not on PATH, and this stack names a cluster of its own",
    "install Pulumi (https://www.pulumi.com/docs/install/) and log in, or remove cluster.kubeContext from the stack config to use the embedded cluster",
    { exitCode: 2 },
  );
}

/** `pulumi up` without questions, its progress on stderr, and where the API answers. Throws when it fails. */
export async function deploy(env: NodeJS.ProcessEnv, stack: StackChoice): Promise<void> {
  const run = $({ cwd: projectRoot, env });
  await run({
    stdio: ["ignore", 2, 2],
  })`pulumi up --yes --skip-preview --suppress-outputs --stack ${stack.name}`;
  const { stdout } = await run({ quiet: true })`pulumi stack output endpoint --stack ${stack.name}`;
  console.error(`  ✓ the API answers at ${stdout.trim()}/api/\n`);
}

/**
 * Runs the load test on the stack.
 *
 * @param args options of the load test; without a stack among them, it reads $PULUMI_STACK.
 * @returns its exit code.
 */
export async function loadtest(
  env: NodeJS.ProcessEnv,
  stack: StackChoice,
  args: readonly string[],
): Promise<number> {
  const tsx = ["--import", import.meta.resolve("tsx")];
  const run = await $({
    cwd: projectRoot,
    env: { ...env, PULUMI_STACK: stack.name },
    stdio: "inherit",
    nothrow: true,
  })`${process.execPath} ${tsx} loadtest/main.ts ${args}`;
  return run.exitCode ?? 1;
}
