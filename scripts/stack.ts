import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseDocument } from "yaml";
import { projectNameIn } from "../config/generate/project-file.ts";
import { UserError } from "../contract/user-error.ts";
import { dataPaths } from "../local/paths.ts";

/** The checkout that these scripts belong to. */
export const projectRoot = resolve(fileURLToPath(import.meta.url), "../..");

/** The project's name in Pulumi.yaml, which begins the keys of stack config and names the state's folder. */
export const projectName: string = projectNameIn(readFileSync(join(projectRoot, "Pulumi.yaml"), "utf8"));

/** The stack that a command works on, and what it asks of the embedded cluster if it lives there. */
export interface StackChoice {
  /** Name for pulumi: with organization and project where they were given for a cluster of its own. */
  name: string;
  configFile: string;
  embedded: boolean;
  metricsServer: boolean;
}

/** The command that deploys the stack, for messages. */
export function resumeCommand({ name }: StackChoice): string {
  return name === "local" ? "npm run up" : `npm run up -- --stack ${name}`;
}

/**
 * Reads from the stack's config file whether it names a cluster of its own (`cluster.kubeContext`). Without one, the
 * stack belongs to the embedded cluster.
 *
 * @param given the value of `--stack`; without it $PULUMI_STACK, else `local`.
 * @throws {UserError} with exit code 2 when Pulumi does not accept the name, or it is a stack of another project.
 */
export function chooseStack(given: string | undefined): StackChoice {
  const full = given ?? (process.env.PULUMI_STACK || "local");
  const name = shortNameOf(full);
  const configFile = join(projectRoot, `Pulumi.${name}.yaml`);
  const text = existsSync(configFile) ? readFileSync(configFile, "utf8") : "";
  const embedded = !namesCluster(text);
  if (embedded && full !== name && !full.startsWith(`${embeddedOrganization}/`))
    throw wrongStack(full, `a stack of the embedded cluster has the organization "${embeddedOrganization}"`);
  return { name: embedded ? name : full, configFile, embedded, metricsServer: needsMetricsServer(text) };
}

/** The organization of all stacks that are not in Pulumi Cloud. */
const embeddedOrganization = "organization";

/** The last part of `stack`, `organization/stack` or `organization/project/stack`, which names the stack's config file. */
function shortNameOf(full: string): string {
  const parts = full.split("/");
  const [name = "", project = projectName] = parts
    .toReversed()
    .filter((_, index) => index !== 1 || parts.length === 3);
  if (parts.length > 3 || !parts.every((part) => /^[\w.-]{1,100}$/.test(part)))
    throw wrongStack(
      full,
      'must be the name of a stack: 1 to 100 letters, digits, ".", "_", "-", after an optional organization/project/',
    );
  if (project !== projectName) throw wrongStack(full, `the project in Pulumi.yaml is "${projectName}"`);
  return name;
}

function wrongStack(full: string, rule: string): UserError {
  return new UserError(`--stack ${full}: ${rule}`, "for example: npm start -- --stack local", {
    exitCode: 2,
  });
}

/** Returns the file of a stack's state in the embedded cluster. It exists from `pulumi stack init` to `pulumi stack rm`. */
export function stateFile(stack: Pick<StackChoice, "name">): string {
  return join(dataPaths.pulumiState, ".pulumi", "stacks", projectName, `${stack.name}.json`);
}

/** Whether the text of a stack's file names a cluster. @throws {UserError} see `sectionOf`. */
export function namesCluster(stackFile: string): boolean {
  return sectionOf(stackFile, "cluster")?.kubeContext !== undefined;
}

/**
 * Whether a stack needs metrics-server in the embedded cluster.
 *
 * @param stackFile text of the stack's file.
 * @throws {UserError} see `sectionOf`.
 */
export function needsMetricsServer(stackFile: string): boolean {
  // `pulumi config set` may store a text.
  const isAsked = ["true", true].includes(sectionOf(stackFile, "cluster")?.metricsServer as string | boolean);
  const { autoscale } = sectionOf(stackFile, "api") ?? {};
  return isAsked || (autoscale as { max?: unknown } | undefined)?.max !== undefined;
}

/**
 * Returns a section from the text of a stack's file, not checked yet. A section may also be a text with JSON, as for
 * loadConfig.
 *
 * @throws {UserError} with exit code 2 when the text is not valid YAML.
 */
export function sectionOf(stackFile: string, name: string): Record<string, unknown> | undefined {
  try {
    const config = parse(stackFile, { merge: true })?.config;
    // Pulumi adds the project's name to a section without it.
    const section = config?.[`${projectName}:${name}`] ?? config?.[name];
    return typeof section === "string" ? parse(section) : section;
  } catch (error) {
    const [what] = (error as Error).message.split("\n");
    throw new UserError(`the stack's file is not valid YAML: ${what}`, "correct the file", { exitCode: 2 });
  }
}

/**
 * Prepares the config file of a stack in the embedded cluster for `pulumi stack select --create`. The `local` stack
 * starts as a copy of the example. A salt that belongs to a deleted state is removed, because the new state has a new
 * passphrase (docs/decisions.md#local-stack-config).
 */
export function prepareConfigFile(stack: StackChoice): void {
  const example = join(projectRoot, "Pulumi.local.example.yaml");
  if (!existsSync(stack.configFile)) {
    if (stack.name === "local") writeFileSync(stack.configFile, withProject(readFileSync(example, "utf8")));
    return;
  }
  if (existsSync(stateFile(stack))) return;
  const config = parseDocument(readFileSync(stack.configFile, "utf8"));
  if (config.delete("encryptionsalt")) writeFileSync(stack.configFile, config.toString());
}

/** The text of an example stack with the project's name in its keys, also in a renamed project. */
export function withProject(exampleStack: string, project = projectName): string {
  return exampleStack.replace(/^( {2})[\w.-]+(:\w+:)/gm, `$1${project}$2`);
}
