import { rmSync } from "node:fs";
import { join } from "node:path";
import { $ } from "zx";
import type { StackOutputs } from "../contract/outputs.ts";
import { projectRoot } from "../scripts/stack.ts";

/** The tests' own stack. */
export const stackName = "e2e";
const name = stackName;
/** The stack's config. */
export const configFile = join(projectRoot, `Pulumi.${name}.yaml`);
/** The tests check what the gates judge, not how fast a shared machine is. */
const laxGates = [
  { metric: "samples", limit: "100" },
  { metric: "p99", limit: "8 s" },
  ...["heavy-mix", "writes", "upload"].map((scenario) => ({ metric: "p99", scenario, limit: "8 s" })),
];
const pulumi = $({ cwd: projectRoot, quiet: true });

/** Creates a stack for the tests, with its own namespace and node port, so that other stacks do not change. */
export async function createStack(): Promise<void> {
  await destroyStack();
  await pulumi`pulumi stack init ${name}`;
  await configure("nginx.nodePort", "30090");
  // Half of the defaults, so that the pods fit beside another stack. On a busy machine they divide the CPU time.
  for (const role of ["nginx", "api", "database"]) await configure(`${role}.cpuRequest`, "50m");
  await configure("redis.cpuRequest", "25m");
  await configure("loadtest.durationSeconds", "4");
  await configure("loadtest.warmupSeconds", "1");
  await configure("loadtest.users", "200");
  for (const [index, gate] of laxGates.entries()) {
    for (const [key, value] of Object.entries(gate))
      await configure(`loadtest.gates[${index}].${key}`, value);
  }
}

/** The same with one Redis node, one gateway pod and two API pods: for tests that do not need more. */
export async function createSmallStack(): Promise<void> {
  await createStack();
  await configure("redis.shards", "1");
  await configure("redis.replicasPerShard", "0");
  await configure("nginx.replicas", "1");
  await configure("api.replicas", "2");
}

export async function configure(path: string, value: string): Promise<void> {
  await pulumi`pulumi config set --stack ${name} --path ${path} ${value}`;
}

/** Removes an option from stack config. */
export async function unset(path: string): Promise<void> {
  await pulumi`pulumi config rm --stack ${name} --path ${path}`;
}

/** Removes the lock that a killed `pulumi up` has left. */
export async function unlock(): Promise<void> {
  await pulumi`pulumi cancel --yes --stack ${name}`;
}

/** Runs `pulumi up`. @returns its output. @throws {ProcessOutput} with the output when it fails. */
export async function up(...flags: string[]): Promise<string> {
  const run = await pulumi`pulumi up --yes --skip-preview --stack ${name} --non-interactive ${flags}`;
  return run.stdout;
}

export async function outputs(): Promise<StackOutputs> {
  return JSON.parse((await pulumi`pulumi stack output --json --stack ${name}`).stdout) as StackOutputs;
}

/** Removes the stack and its resources, if it exists. */
export async function destroyStack(): Promise<void> {
  const listed = JSON.parse((await pulumi`pulumi stack ls --json`).stdout) as { name: string }[];
  if (listed.some((stack) => stack.name === name)) {
    await pulumi`pulumi destroy --yes --skip-preview --stack ${name} --non-interactive`;
    await pulumi`pulumi stack rm --yes --stack ${name}`;
  }
  rmSync(configFile, { force: true });
}

/** Runs the load test on the stack and keeps its output. */
export function loadtest(...flags: string[]) {
  return $({
    cwd: projectRoot,
    nothrow: true,
    quiet: true,
  })`${process.execPath} loadtest/main.ts --stack ${name} ${flags}`;
}
