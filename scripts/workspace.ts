import { existsSync, readFileSync } from "node:fs";
import { $ } from "zx";
import { requireExactSpelling } from "../config/spelling.ts";
import { UserError } from "../contract/user-error.ts";
import { bringUp } from "../local/bring-up.ts";
import { nodeWithTsx } from "./checks.ts";
import { prepareConfigFile, projectName, projectRoot, type StackChoice } from "./stack.ts";

/**
 * Prepares the cluster and Pulumi for a stack. For an embedded stack it starts the embedded cluster. Other stacks use
 * the pulumi program and the login of this machine.
 *
 * @returns the environment for every later command.
 * @throws {UserError} when the cluster does not start, or when there is no pulumi program.
 */
export async function openCluster(stack: StackChoice): Promise<NodeJS.ProcessEnv> {
  const env = { ...process.env, ...(stack.embedded ? await bringUp() : {}) };
  if (!stack.embedded) await requirePulumi(env);
  return env;
}

/**
 * Opens the stack's cluster and selects the stack, which is created if it does not exist.
 *
 * @returns the environment of `openCluster`.
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

/** Runs `pulumi up` without questions and prints its progress and the URL of the API. @throws {ProcessOutput} on failure. */
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
  const run = await $({
    cwd: projectRoot,
    env: { ...env, PULUMI_STACK: stack.name },
    stdio: "inherit",
    nothrow: true,
  })`${nodeWithTsx} loadtest/main.ts ${args}`;
  return run.exitCode ?? 1;
}
