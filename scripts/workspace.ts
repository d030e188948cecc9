import { existsSync, readFileSync } from "node:fs";
import { requireExactSpelling } from "../config/spelling.ts";
import type { StackOutputs } from "../contract/outputs.ts";
import { exitCodes, UserError } from "../contract/user-error.ts";
import { endOf, type Outcome, runForeground } from "../host/foreground.ts";
import { interruptible } from "../host/interruptible.ts";
import { runCommand, tryCommand } from "../host/run-command.ts";
import { bringUp } from "../local/bring-up.ts";
import { pruneImages } from "../local/cluster/image-prune.ts";
import { ensureTools } from "../local/toolchain/toolchain.ts";
import { goTools } from "../local/toolchain/tools.ts";
import { ifAlone, inTurn, inTurnOfStack, useCluster } from "../local/turns.ts";
import { endLeftovers, runPulumi } from "./pulumi-run.ts";
import {
  prepareConfigFile,
  projectName,
  projectRoot,
  resumeCommand,
  type StackChoice,
  stateFile,
} from "./stack.ts";

/**
 * Prepares the cluster and Pulumi for a stack. For an embedded stack it starts the embedded cluster. Other stacks use
 * the pulumi program and the login of this machine.
 *
 * @param updateImages whether the base images of the embedded cluster are built again.
 * @returns the environment for every later command.
 * @throws {UserError} when the cluster does not start, or when there is no pulumi program.
 */
export async function openCluster(stack: StackChoice, updateImages = false): Promise<NodeJS.ProcessEnv> {
  return interruptible(resumeCommand(stack), async () => {
    const left = await endLeftovers();
    if (left > 0) console.error(`  ! ended ${left} process(es) of a pulumi that was killed`);
    const { name, embedded, metricsServer } = stack;
    const needs = { stack: name, stateFile: stateFile(stack), metricsServer };
    if (embedded)
      return inTurn("prepares the cluster", async () => {
        const env = { ...process.env, ...(await bringUp(needs, updateImages)) };
        await useCluster(`uses the cluster with the stack ${name}`);
        return env;
      });
    await requirePulumi(process.env);
    return process.env;
  });
}

/** The environment of a pulumi that needs neither a cluster nor a stack. @throws {UserError} as openCluster */
export async function pulumiOnPath(stack: StackChoice): Promise<NodeJS.ProcessEnv> {
  if (!stack.embedded) {
    await requirePulumi(process.env);
    return process.env;
  }
  const { searchPath } = await ensureTools(goTools.filter(({ name }) => name === "pulumi"));
  return {
    ...process.env,
    PATH: `${searchPath}:${process.env.PATH ?? ""}`,
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}

/**
 * Opens the stack's cluster and selects the stack, which is created if it does not exist.
 *
 * @param updateImages see `openCluster`.
 * @returns the environment of `openCluster`.
 * @throws {UserError} with exit code 2 when images are to be updated for a stack on another cluster.
 * @throws {ConfigError} when Pulumi would change the spelling of a value in the stack's file.
 */
export async function openWorkspace(stack: StackChoice, updateImages = false): Promise<NodeJS.ProcessEnv> {
  if (updateImages && !stack.embedded)
    throw new UserError(
      `--update-images is for the embedded cluster, and the stack ${stack.name} names a cluster of its own`,
      "set newer base images: pulumi config set --path images.node …",
      { exitCode: 2 },
    );
  if (existsSync(stack.configFile)) requireExactSpelling(readFileSync(stack.configFile, "utf8"), projectName);
  const env = await openCluster(stack, updateImages);
  if (stack.embedded) prepareConfigFile(stack);
  await runCommand("pulumi", ["stack", "select", "--create", "--stack", stack.name], {
    cwd: projectRoot,
    env,
    fix: "the lines above say why",
  });
  return env;
}

async function requirePulumi(env: NodeJS.ProcessEnv): Promise<void> {
  const found = await tryCommand("pulumi", ["version"], { env }).catch(() => undefined);
  if (found?.exitCode === 0) return;
  throw new UserError(
    "pulumi is not on PATH, and this stack names a cluster of its own",
    "install Pulumi (https://www.pulumi.com/docs/install/) and log in, or remove cluster.kubeContext from the stack config to use the embedded cluster",
    { exitCode: 2 },
  );
}

/**
 * Runs `pulumi up` without questions and prints its progress and the URL of the API.
 *
 * @throws {UserError} when it fails, is interrupted or is killed.
 */
export async function deploy(env: NodeJS.ProcessEnv, stack: StackChoice): Promise<void> {
  const flags = ["--yes", "--skip-preview", "--suppress-outputs", "--stack", stack.name];
  const outcome = await changeStack(stack, () => runPulumi(["up", ...flags], env, "stderr"));
  const resume = resumeCommand(stack);
  if (outcome.wasInterrupted)
    throw new UserError("interrupted", `the next ${resume} goes on with the deployment`, {
      exitCode: exitCodes.interrupted,
    });
  if (outcome.signal !== null)
    throw new UserError(
      endOf("pulumi up", outcome),
      stack.embedded
        ? `${resume} removes its lock and goes on with the deployment`
        : `npm run pulumi -- --stack ${stack.name} cancel removes its lock; then ${resume} goes on with the deployment`,
    );
  if (outcome.exitCode !== 0) throw new UserError(endOf("pulumi up", outcome), "the lines above say why");
  if (stack.embedded) await ifAlone("deletes unused images", pruneImages);
  const args = ["stack", "output", "--json", "--stack", stack.name];
  const outputs = await runCommand("pulumi", args, { cwd: projectRoot, env });
  const { endpoint, loadtest: load }: StackOutputs = JSON.parse(outputs);
  console.error(`  ✓ the API answers at ${endpoint}${load.apiPrefix ?? "/api/"}\n`);
}

/** Changes a stack when no other command of this machine does. Where the stack is elsewhere, Pulumi's backend sees to that. */
export async function changeStack<T>(stack: StackChoice, change: () => Promise<T>): Promise<T> {
  return stack.embedded ? inTurnOfStack(stack.name, `changes the stack ${stack.name}`, change) : change();
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
  const outcome = await runLoadtest(env, stack, args);
  if (outcome.signal !== null) console.error(`✗ ${endOf("the load test", outcome)}`);
  return outcome.exitCode ?? exitCodes.broken;
}

/** Runs the load test as `loadtest` does. @returns how it ended */
export function runLoadtest(
  env: NodeJS.ProcessEnv,
  stack: StackChoice,
  args: readonly string[],
): Promise<Outcome> {
  return runForeground(process.execPath, ["loadtest/main.ts", ...args], {
    cwd: projectRoot,
    env: { ...env, PULUMI_STACK: stack.name },
  });
}
