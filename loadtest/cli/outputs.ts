import { readFile } from "node:fs/promises";
import { gateMetrics } from "../../contract/gate-metrics.ts";
import type { StackOutputs } from "../../contract/outputs.ts";
import { UserError } from "../../contract/user-error.ts";
import { tryCommand } from "../../host/run-command.ts";
import { wrongFields } from "../fields.ts";

const deployIt = "deploy the stack first: npm start, or pulumi up";

/**
 * Reads the outputs of a deployed stack with `pulumi stack output`, in the environment and folder of this process.
 *
 * @throws {UserError} when pulumi or the stack is missing, or nothing is deployed.
 */
export async function outputsOfStack(stack: string): Promise<StackOutputs> {
  const args = ["stack", "output", "--json", "--stack", stack, "--non-interactive"];
  const fix = "start the load test with npm run loadtest, which sets PATH";
  const { exitCode, stdout, stderr } = await tryCommand("pulumi", args, { fix });
  if (exitCode !== 0) {
    const lastLine = stderr.trim().split("\n").at(-1);
    throw new UserError(`the outputs of stack ${stack} cannot be read: ${lastLine}`, deployIt);
  }
  return parseOutputs(stdout, `stack ${stack}`);
}

/** Reads outputs from a file of `pulumi stack output --json`. @throws {UserError} when the file is missing or wrong. */
export async function outputsOfFile(path: string): Promise<StackOutputs> {
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new UserError(
      `${path} cannot be read: ${error.message}`,
      "write it with: pulumi stack output --json",
      { cause: error },
    );
  });
  return parseOutputs(text, path);
}

/**
 * Parses outputs and checks that the load test's input is complete.
 *
 * @param source origin of the text, for the message
 * @throws {UserError} with every missing or wrong output.
 */
export function parseOutputs(text: string, source: string): StackOutputs {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${source}: not JSON: ${(error as Error).message}`, deployIt, { cause: error });
  }
  if (typeof parsed !== "object" || parsed === null || Object.keys(parsed).length === 0) {
    throw new UserError(`${source} has no outputs: nothing is deployed in it`, deployIt);
  }
  const problems = wrongOutputs(parsed);
  if (problems.length > 0) {
    throw new UserError(
      `${source} does not have the outputs of this program: ${problems.join("; ")}`,
      deployIt,
    );
  }
  return parsed as StackOutputs;
}

function wrongOutputs(outputs: object): string[] {
  const { endpoint, workloads, loadtest } = outputs as Partial<StackOutputs>;
  const load = ["connections", "durationSeconds", "warmupSeconds", "users", "threads"];
  const ofWorkloads = Array.isArray(workloads)
    ? [...workloads.keys()].map((index) => `workloads.${index}`)
    : [];
  const problems = [
    ...wrongFields(outputs, "string", ["endpoint"]),
    ...(typeof endpoint === "string" && !/^https?:\/\/[^/]+(\/.*[^/])?$/.test(endpoint)
      ? [`endpoint is ${JSON.stringify(endpoint)}, not an http URL without a trailing slash`]
      : []),
    ...wrongFields(outputs, "string", ["namespace", "cluster.kubeContext"]),
    ...wrongFields(outputs, "array", ["workloads"]),
    ...ofWorkloads.flatMap((path) => [
      ...wrongFields(outputs, "string", [`${path}.name`]),
      ...wrongFields(outputs, "number", [`${path}.replicas`, `${path}.memoryLimitBytes`]),
      ...wrongFields(outputs, "object", [`${path}.selector`]),
    ]),
    ...wrongFields(
      outputs,
      "number",
      load.map((name) => `loadtest.${name}`),
    ),
    ...wrongFields(outputs, "array", ["loadtest.scenarios", "loadtest.gates"]),
  ];
  const gates: unknown = loadtest?.gates;
  for (const [index, gate] of (Array.isArray(gates) ? gates : []).entries()) {
    const { metric } = gate as { metric?: unknown };
    if (typeof metric !== "string" || !Object.hasOwn(gateMetrics, metric))
      problems.push(`loadtest.gates.${index}.metric is ${JSON.stringify(metric)}, which is no metric`);
  }
  return problems;
}
